"""PROBLEMS: the words for every issue code. What happened, what was left alone, what to do next and who can do it.

Read aloud before changing one: these sentences are what a registrar gets to see of Rollbook.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from rollbook.roster.records import Severity
from rollbook.roster.sheet_problems import CORRECT, IN_A_FILE, SHEET_PROBLEMS


class Problem(NamedTuple):
    """`cause` and `remedy` are templates; `who` can mend it: `registrar` (in the SIS), `administrator` (here) or `us` (Rollbook's makers).

    Placeholders: {sis} its label, {field} our label of the field, {source_field} the SIS's name of it, {where} where a registrar finds
    it, {value} what the SIS sent, in quotation marks, {sis_id}, {place} row and column of a spreadsheet.
    """

    code: str
    severity: Severity
    cause: str
    remedy: str
    who: str


class Explanation(NamedTuple):
    """A problem in words, ready to show. `who` is as in `Problem`."""

    severity: Severity
    cause: str
    remedy: str
    who: str


REGISTRAR, ADMINISTRATOR, US = "registrar", "administrator", "us"
PLACEHOLDERS: Final = ("sis", "field", "source_field", "where", "value", "sis_id", "place")


def _(text: str) -> str:
    """Marks a text for translation; whoever shows it translates it, see `explain`."""
    return text


_FIX_HERE = _("In {sis}, correct it here: {where}. The next run picks it up.")

PROBLEMS: Final[dict[str, Problem]] = {
    problem.code: problem
    for problem in (
        Problem(
            "required_empty",
            Severity.ERROR,
            _(
                "{field} is missing in {sis}. It is required, so this student was skipped; an account that exists already was left as "
                "it is."
            ),
            _("In {sis}, fill it in here: {where}. The next run picks it up."),
            REGISTRAR,
        ),
        Problem(
            "id_missing",
            Severity.ERROR,
            _(
                "{sis} sent a record without an ID, so we can't tell whose it is. It was skipped, and no account was touched."
            ),
            _(
                "Look in Step 1.2 Select Mapping which field gives the SIS ID. If it is right, ask the people who run {sis}."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "grade_unknown",
            Severity.ERROR,
            _(
                "The grade level of this student is missing or is not one that we understand: {sis} sent {value}. So we can't tell "
                "whether the student is in the selected grades. The student was skipped; an account that exists already was left as it is."
            ),
            _("In {sis}, set the grade level of this student: {where}. The next run picks it up."),
            REGISTRAR,
        ),
        Problem(
            "email_invalid",
            Severity.ERROR,
            _(
                "{value} is not a complete e-mail address. Students sign in with this address, so this student was skipped; an account "
                "that exists already was left as it is."
            ),
            _FIX_HERE,
            REGISTRAR,
        ),
        Problem(
            "personal_email_invalid",
            Severity.WARNING,
            _(
                "{value} is not a complete e-mail address. {field} was left out; everything else of this student was taken."
            ),
            _FIX_HERE,
            REGISTRAR,
        ),
        Problem(
            "graduation_year_invalid",
            Severity.ERROR,
            _(
                "{value} is not a year of four digits. A graduation year is required, so this student was skipped; an account that exists "
                "already was left as it is."
            ),
            _FIX_HERE,
            REGISTRAR,
        ),
        Problem(
            "date_invalid",
            Severity.ERROR,
            _(
                "{value} is not a date that exists, so this student was skipped; an account that exists already was left as it is."
            ),
            _FIX_HERE,
            REGISTRAR,
        ),
        Problem(
            "active_invalid",
            Severity.ERROR,
            _(
                "{value} says neither TRUE nor FALSE, so we can't tell whether the account is to be active. It was left as it is."
            ),
            _("Write TRUE or FALSE into the column {source_field} and upload the row again."),
            ADMINISTRATOR,
        ),
        Problem(
            "gender_unknown",
            Severity.NOTE,
            _(
                "{value} is not one of the usual entries for {field}. It was taken over as it is written."
            ),
            _("Nothing has to be done. If it is a slip, correct it in {sis}: {where}."),
            REGISTRAR,
        ),
        Problem(
            "text_too_long",
            Severity.ERROR,
            _(
                "{field} is longer than an account can hold. We don't cut it short by ourselves, so this student was skipped; an account "
                "that exists already was left as it is."
            ),
            _("In {sis}, shorten it here: {where}. The next run picks it up."),
            REGISTRAR,
        ),
        Problem(
            "control_characters",
            Severity.ERROR,
            _(
                "{field} holds characters that can't be seen and don't belong in a text; often they come in by copy and paste. This "
                "student was skipped; an account that exists already was left as it is."
            ),
            _(
                "In {sis}, empty the field, type the text anew and save it: {where}. The next run picks it up."
            ),
            REGISTRAR,
        ),
        Problem(
            "wrong_type",
            Severity.ERROR,
            _(
                "{sis} sent something other than a text for {field}. We don't guess what it means, so this student was skipped; an "
                "account that exists already was left as it is."
            ),
            _(
                "Look in Step 1.2 Select Mapping whether the field {source_field} is the right one. If it is, please report this to "
                "the makers of Rollbook."
            ),
            US,
        ),
        Problem(
            "id_repeated",
            Severity.ERROR,
            _(
                "{sis} sent this SIS ID more than once, with different values. We can't tell which one is right, so neither was taken; "
                "an account that exists already was left as it is."
            ),
            _(
                "In {sis}, look for two records with the ID {sis_id}, and keep the right one. The next run picks it up."
            ),
            REGISTRAR,
        ),
        Problem(
            "email_shared",
            Severity.ERROR,
            _(
                "Two or more students have the e-mail address {value} in {sis}. An address can belong to one student only, so none of them "
                "was touched."
            ),
            _(
                "In {sis}, give each of them an address of their own: {where}. The next run picks it up."
            ),
            REGISTRAR,
        ),
        Problem(
            "email_taken",
            Severity.ERROR,
            _(
                "The e-mail address {value} already belongs to the account of another student here. Neither of the two was touched."
            ),
            _(
                "Find out whose address it is. If it is wrong in {sis}, correct it here: {where}. If it is wrong in the other account, "
                "correct it there."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "email_recycled",
            Severity.NOTE,
            _(
                "The e-mail address {value} belonged to another student here not long ago. {sis} gives it to this one, and so it is done."
            ),
            _(
                "Nothing needs doing if the address was passed on on purpose. If not, have it corrected in {sis}: {where}."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "link_names_differ",
            Severity.ERROR,
            _(
                "An account that is not linked to {sis} yet has the e-mail address {value}, but it doesn't match this student: its name "
                "differs, or it isn't active. Nothing was linked, and the account was left as it is."
            ),
            _(
                "Open Link existing accounts and compare the two. Where it is one person, confirm it there; where it is not, say so, and "
                "have the e-mail address corrected."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "link_suggested",
            Severity.ERROR,
            _(
                "An account here that is not linked to {sis} could be this student: the name and the date of birth, the student number or "
                "the SIS ID are the same, but not the e-mail address. No second account was made, and that one was left as it is."
            ),
            _(
                "Open Link existing accounts and say whether they are the same person. The next run does what you say."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "other_person",
            Severity.ERROR,
            _(
                "The SIS ID {sis_id} is known here, but {sis} now gives it another name and another date of birth. It may have been given "
                "to another person, so the account was left as it is."
            ),
            _(
                "Find out who has this ID now. If it is the same person, correct the name or the date of birth where it is wrong."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "account_gone",
            Severity.ERROR,
            _(
                "The account of this student was removed here while the run was reading {sis}. This student was skipped, and no new "
                "account was made."
            ),
            _("Nothing has to be done: the next run looks at this student again."),
            ADMINISTRATOR,
        ),
        Problem(
            "field_vanished",
            Severity.WARNING,
            _(
                "{sis} sent the field {source_field} for no student at all; usually a permission is missing. What the accounts hold in "
                "{field} was left as it is: nothing was emptied."
            ),
            _(
                "Ask the people who run {sis} to give Rollbook the right to read this field, or remove its row in Step 1.2 Select Mapping."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "changed_since",
            Severity.NOTE,
            _(
                "{field} was changed after the run that is undone, by {source_field}. It is {value} now, and was left as it is."
            ),
            _(
                "If it should go back as well, change it by hand on the student's page, or undo what changed it first."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "address_taken_since",
            Severity.NOTE,
            _(
                "The e-mail {value} from before the run belongs to somebody else by now, so this student's was left as it is."
            ),
            _("Search the students for that e-mail, and decide whose it is."),
            ADMINISTRATOR,
        ),
        Problem(
            "link_taken_since",
            Severity.NOTE,
            _(
                "The SIS ID {value} from before the run belongs to another account by now, so this student's link was left as it is."
            ),
            _("Search the students for that SIS ID, and decide whose it is."),
            ADMINISTRATOR,
        ),
        Problem(
            "account_merged_since",
            Severity.NOTE,
            _(
                "This account was merged with another one after the run that is undone, by {source_field}. Both were left as they are, "
                "the one that was kept and the one that was merged into it."
            ),
            _(
                "If they aren't one person, take the merge back on the student's page, and correct there what the run had changed."
            ),
            ADMINISTRATOR,
        ),
        Problem(
            "account_gone_since",
            Severity.NOTE,
            _(
                "This account does not exist any more, so there is nothing to put back. Nothing else was touched for it."
            ),
            _("Nothing needs to be done."),
            ADMINISTRATOR,
        ),
    )
}

_ONLY_IN_FILES: Final = frozenset(problem.code for problem in SHEET_PROBLEMS)
PROBLEMS.update({problem.code: Problem(*problem, ADMINISTRATOR) for problem in SHEET_PROBLEMS})

_UNKNOWN: Final = Problem(
    "",
    Severity.ERROR,
    _("This record has a problem that Rollbook can't describe yet."),
    _(
        "Compare the record in {sis} with the account here. If you find nothing, please report this to the makers of Rollbook."
    ),
    US,
)
_THE_SIS = _("the SIS")
_THE_VALUE = _("A value")
_NOTHING = _("nothing")
_QUOTED = _("“{value}”")
_FIELD_NAMED = _("the field {source_field}")
_FIELD_OF_OURS = _("the field that gives {field}")
_STUDENT_PAGE = _("the student's page")
_AS_WELL = _("It concerns {other} as well.")


def explain(
    issue_code: str,
    sis: str,
    source_field: str,
    where: str,
    field_label: str,
    value: str,
    sis_id: str = "",
    translate: Callable[[str], str] = _,
    place: str = "",
    other: str = "",
) -> Explanation:
    """An issue in words. Every text may be empty; an unknown code gets a fair text. Never raises.

    `translate` turns a marked text into the reader's language, as gettext does. `place` is given where the source is a file: then that is
    where it is corrected. `other` names whom else it concerns.
    """
    problem = PROBLEMS.get(issue_code, _UNKNOWN)
    if place and issue_code not in _ONLY_IN_FILES:
        problem = problem._replace(remedy=IN_A_FILE.get(issue_code, CORRECT), who=ADMINISTRATOR)
    words = {
        "sis": sis or translate(_THE_SIS),
        "source_field": source_field or field_label or translate(_THE_VALUE),
        "field": field_label or source_field or translate(_THE_VALUE),
        "sis_id": sis_id or value,
        "place": place,
        "other": other,
        "value": _fill(translate(_QUOTED), {"value": value}) if value else translate(_NOTHING),
    }
    if not where:
        place = _FIELD_NAMED if source_field else _FIELD_OF_OURS if field_label else _STUDENT_PAGE
        where = _fill(translate(place), words)
    words["where"] = where.rstrip(".")
    cause = " ".join(
        _fill(translate(text), words) for text in (problem.cause, *([_AS_WELL] if other else []))
    )
    return Explanation(
        problem.severity, cause, _fill(translate(problem.remedy), words), problem.who
    )


def _fill(template: str, words: dict[str, str]) -> str:
    """Put the words in. Unlike str.format it takes any translation and never looks into the words themselves."""
    return re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)
