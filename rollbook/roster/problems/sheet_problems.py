"""The texts of problems that only a spreadsheet has, and remedies where the source is a file."""

from typing import Final

from rollbook.roster.problems.problem_texts import ADMINISTRATOR, Problem
from rollbook.roster.records import Severity
from rollbook.roster.translation import gettext_noop as _

FIX_IN_FILE: Final = _("Correct it in the file, {place}, and upload that row again.")

# Remedies in a file for problems that a SIS has too, where `FIX_IN_FILE` is not the right one.
FILE_REMEDIES: Final[dict[str, str]] = {
    "gender_unknown": _(
        "You don't have to do anything. If it is a mistake, correct it in {place}, "
        "or choose once what the word means."
    ),
    "email_taken": _(
        "Find out whose address it is. If it is wrong in the file, correct {place}. "
        "If it is wrong in the other account, correct it there. "
        "If that account is closed, free its e-mail and check the file again."
    ),
    "name_broken": _(
        "Save the list again as an Excel workbook, or as csv in UTF-8, from the program that "
        "shows the names as they are. Or correct {place}. Then upload that row again."
    ),
    "account_gone": _(
        "You don't have to do anything. To make a new account, upload the row again ({place})."
    ),
    "active_invalid": _(
        "Write TRUE or FALSE into {place} and upload that row again. "
        "Or choose once what the word means."
    ),
}

SHEET_PROBLEMS: Final = (
    Problem(
        "error_in_cell",
        Severity.ERROR,
        _(
            "The cell contains {value}, an error of the spreadsheet program, instead of a value. "
            "The row was skipped, and no account was touched."
        ),
        _(
            "Correct the formula in {place}, or type the value itself there. "
            "Then upload that row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "id_as_date",
        Severity.ERROR,
        _(
            "{value} is a date. A spreadsheet program may have made it from an ID such as 3-12. "
            "No account was touched."
        ),
        _(
            "Format column {source_field} as text, write the ID into {place}, "
            "and upload that row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "digits_lost",
        Severity.ERROR,
        _(
            "{value} has more digits than a spreadsheet program keeps: the last ones are lost. "
            "No account was touched."
        ),
        _(
            "Format column {source_field} as text, type the number again in {place}, "
            "and upload that row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "name_not_split",
        Severity.ERROR,
        _(
            "We can't tell which part of {value} is the last name. "
            "The row was skipped, and no account was touched."
        ),
        _(
            "Write the last name first, with a comma, as in Smith, John ({place}), or use a column "
            "for each name. Then upload that row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "letters_unclear",
        Severity.ERROR,
        _(
            "Some letters of {value} are written in another encoding than the rest of the file, so "
            "they may be wrong. No account was touched."
        ),
        _("Type the value again in {place} and upload that row again."),
        ADMINISTRATOR,
    ),
    Problem(
        "quote_misplaced",
        Severity.ERROR,
        _(
            "A quotation mark is opened or closed in the wrong place, so we can't tell which cells "
            "the row has. No account was touched."
        ),
        _("Delete the quotation mark in {place} and upload that row again."),
        ADMINISTRATOR,
    ),
    Problem(
        "row_too_long",
        Severity.ERROR,
        _(
            "The row has more cells than the row of headings, so its values may stand in the wrong "
            "columns. No account was touched."
        ),
        _(
            "Look for a comma inside of a value, such as a street. Put quotation marks around that "
            "value ({place}) and upload the row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "grade_unclear",
        Severity.NOTE,
        _("{value} is not one of the usual names of a grade. It was imported as it is written."),
        _(
            "You don't have to do anything. If it is a mistake, correct it in {place}, "
            "or choose once what the word means where you match columns."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "ids_ambiguous",
        Severity.ERROR,
        _(
            "More than one account here has this {field}, so we can't tell which one the row is "
            "for. None was touched."
        ),
        _(
            "Give the row an ID or an address that only one of them has, "
            "or correct the accounts here first ({place})."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "id_left_out",
        Severity.NOTE,
        _(
            "{value} is not an ID: it stands for one that is still to come. "
            "It was left out, and the row was read without it."
        ),
        _("You don't have to do anything. If it is an ID after all, correct {place}."),
        ADMINISTRATOR,
    ),
    Problem(
        "id_reshaped",
        Severity.ERROR,
        _(
            "{value} may be an ID that a spreadsheet program has changed: zeros in front, or the "
            "signs between its digits, may be wrong. No account was made, and none was touched."
        ),
        _(
            "Format the column as text, write the full ID into {place}, and upload that row again. "
            "If it is another student's ID, say in the settings of this upload that these are "
            "different students."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "ids_disagree",
        Severity.ERROR,
        _(
            "SIS ID, student number and e-mail of this row lead to different accounts, "
            "or to an account with a different ID. None was touched."
        ),
        _(
            "Find out which of them is wrong. If it is the file, correct {place} "
            "and upload that row again. If it is the account, correct it here."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "row_repeated",
        Severity.ERROR,
        _(
            "More than one row is about this student, and they differ. "
            "We can't tell which one is right, so no account was touched."
        ),
        _("Keep the right one, delete the others and upload it again. One of them is {place}."),
        ADMINISTRATOR,
    ),
    Problem(
        "row_twice",
        Severity.NOTE,
        _("An earlier row has exactly the same values. It counts once."),
        _("You don't have to do anything ({place})."),
        ADMINISTRATOR,
    ),
    Problem(
        "row_empty",
        Severity.NOTE,
        _("The row is empty in the columns that were matched. It was left out."),
        _("You don't have to do anything. If it is a student, look at {place}."),
        ADMINISTRATOR,
    ),
    Problem(
        "heading_again",
        Severity.NOTE,
        _("The row repeats the headings. It was left out."),
        _("You don't have to do anything ({place})."),
        ADMINISTRATOR,
    ),
    Problem(
        "no_student_row",
        Severity.NOTE,
        _("The row is a total, a title or a page number, not a student. It was left out."),
        _("You don't have to do anything. If it is a student, look at {place}."),
        ADMINISTRATOR,
    ),
    Problem(
        "example_row",
        Severity.NOTE,
        _("This is the example row of our template. It was left out."),
        _("You don't have to do anything ({place})."),
        ADMINISTRATOR,
    ),
    Problem(
        "account_missing",
        Severity.ERROR,
        _(
            "No account here has this {field}, and you chose to change existing accounts only. "
            "No account was touched."
        ),
        _(
            "If it is a new student, switch “only existing accounts” off. "
            "If it is a mistake, correct {place} and upload that row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "email_names_differ",
        Severity.ERROR,
        _(
            "An account has the e-mail address {value}, but a different first name from this row. "
            "It may be another student. The account wasn't touched."
        ),
        _(
            "If it is the same student, add the SIS ID or the student number to the row. "
            "If not, correct the address in {place}. If the account is closed, free its e-mail."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "email_persons_differ",
        Severity.ERROR,
        _(
            "An account has the e-mail address {value}, but another date of birth or graduation "
            "year than this row. It may be another student. The account wasn't touched."
        ),
        _(
            "If it is the same student, correct the account or the row first. "
            "If not, correct the address in {place}. If the account is closed, free its e-mail."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "row_of_other_person",
        Severity.ERROR,
        _(
            "The account with this {field} belongs to another person than this row: the name and "
            "the date of birth differ, or the whole name and the e-mail address. "
            "The account wasn't touched."
        ),
        _(
            "Check the {field} in {place}. A running number is not an ID: ignore such a column. "
            "If it is the same person, correct the account first, then upload the row again."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "row_like_account",
        Severity.ERROR,
        _(
            "An account here has the same name and date of birth, with another e-mail address and "
            "ID. No second account was made, and the account wasn't touched."
        ),
        _(
            "If it is the same student, give the row the ID or the e-mail of that account "
            "({place}). If they are two students, say so in the settings of this upload."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "rows_alike",
        Severity.ERROR,
        _(
            "Another new row has the same name and date of birth, with another e-mail address. "
            "They may be one student, so no new account was made."
        ),
        _(
            "If it is one student, delete the wrong row. If they are two students, say so in the "
            "settings of this upload ({place})."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "account_merged",
        Severity.ERROR,
        _(
            "The account with the e-mail address {value} was merged into another account. "
            "It was not made again, and no account was touched."
        ),
        _("To change the student, write the e-mail of the account that was kept into {place}."),
        ADMINISTRATOR,
    ),
)
