"""The words for problems that only a spreadsheet has, and what is to be done about any problem where the source is a file."""

from typing import Final, NamedTuple

from rollbook.roster.records import Severity


def _(text: str) -> str:
    """Marks a text for translation; whoever shows it translates it."""
    return text


class SheetProblem(NamedTuple):
    """As `problems.Problem`. {place} is row and column."""

    code: str
    severity: Severity
    cause: str
    remedy: str


CORRECT: Final = _("Correct it in the file, {place}, and upload that row again.")

SHEET_PROBLEMS: Final = (
    SheetProblem(
        "error_in_cell",
        Severity.ERROR,
        _(
            "The cell holds {value}, an error of the spreadsheet program, in place of a value. The row was left out and no account touched."
        ),
        _("Mend the formula in {place}, or put the value itself there, and upload that row again."),
    ),
    SheetProblem(
        "digits_lost",
        Severity.ERROR,
        _(
            "{value} is a number of more digits than a spreadsheet program keeps: the last ones are lost. No account was touched."
        ),
        _(
            "Format column {source_field} as text, type the number anew in {place}, and upload that row again."
        ),
    ),
    SheetProblem(
        "grade_unclear",
        Severity.NOTE,
        _("{value} is not one of the usual names of a grade. It was taken over as it is written."),
        _(
            "Nothing has to be done. If it is a slip, correct it in {place}, or say once what the word means where you match columns."
        ),
    ),
    SheetProblem(
        "ids_ambiguous",
        Severity.ERROR,
        _(
            "More than one account here has this {field}, so we can't tell which of them the row means. None was touched."
        ),
        _(
            "Give the row an ID or an address that only one of them has, or mend the accounts here first ({place})."
        ),
    ),
    SheetProblem(
        "ids_disagree",
        Severity.ERROR,
        _(
            "SIS ID, student number and e-mail of this row lead to different accounts, or to one that has another ID. None was touched."
        ),
        _(
            "Find out which of them is wrong. If it is the file, correct {place} and upload that row again; else mend the account here."
        ),
    ),
    SheetProblem(
        "row_repeated",
        Severity.ERROR,
        _(
            "More than one row is about this student, and they differ. We can't tell which is right, so no account was touched."
        ),
        _("Keep the right one, delete the others and upload it again. One of them is {place}."),
    ),
    SheetProblem(
        "row_twice",
        Severity.NOTE,
        _("An earlier row says exactly the same. It counts once."),
        _("Nothing has to be done ({place})."),
    ),
    SheetProblem(
        "row_empty",
        Severity.NOTE,
        _("The row holds nothing in the columns that were matched. It was left out."),
        _("Nothing has to be done. If it is a student, look at {place}."),
    ),
    SheetProblem(
        "example_row",
        Severity.NOTE,
        _("This is the example row of our template. It was left out."),
        _("Nothing has to be done ({place})."),
    ),
    SheetProblem(
        "account_missing",
        Severity.ERROR,
        _(
            "No account here has this {field}, and only existing accounts were to be changed: none was touched."
        ),
        _(
            "If it is a new student, switch “only existing accounts” off. If it is a slip, correct {place} and upload that row again."
        ),
    ),
    SheetProblem(
        "email_names_differ",
        Severity.ERROR,
        _(
            "An account has the e-mail address {value}, but another first name than this row. It may be somebody else; it wasn't touched."
        ),
        _(
            "Add the SIS ID or the student number to the row if it is the same student; else correct the address in {place}."
        ),
    ),
)

# What to do about problems that a SIS has too, where the general sentence doesn't fit.
IN_A_FILE: Final[dict[str, str]] = {
    "gender_unknown": _(
        "Nothing has to be done. If it is a slip, correct it in {place}, or say once what the word means."
    ),
    "email_taken": _(
        "Find out whose address it is. If it is wrong in the file, correct {place}; if in the other account, correct it there."
    ),
    "account_gone": _(
        "Nothing has to be done, or upload the row again to make a new account ({place})."
    ),
    "active_invalid": _(
        "Write TRUE or FALSE into {place} and upload that row again; or say once what the word means."
    ),
}
