"""The texts of every problem that a SIS can have: what happened, what was not touched, what to do.

A registrar reads these sentences: read one aloud before you change it.
"""

from typing import Final, NamedTuple

from rollbook.roster.records import Severity
from rollbook.roster.translation import gettext_noop as _

# Who can fix a problem: the registrar in the SIS, an administrator here, the makers of Rollbook.
REGISTRAR, ADMINISTRATOR, MAKERS = "registrar", "administrator", "us"


class Problem(NamedTuple):
    """The texts of one issue code. `cause` and `remedy` are templates.

    They may use these names in braces: {sis}, the label of the SIS; {field}, our label of the
    field; {source_field}, the name that the SIS gives it; {where}, where a registrar finds it in
    the SIS; {value}, what the SIS sent, in quotation marks; {sis_id}; {place}, row and column of a
    spreadsheet. `fixed_by` is `REGISTRAR`, `ADMINISTRATOR` or `MAKERS`.
    """

    code: str
    severity: Severity
    cause: str
    remedy: str
    fixed_by: str


PLACEHOLDERS: Final = ("sis", "field", "source_field", "where", "value", "sis_id", "place")

_FIX_IN_SIS = _("In {sis}, correct it here: {where}. The next run picks it up.")

VALUE_PROBLEMS: Final = (
    Problem(
        "required_empty",
        Severity.ERROR,
        _(
            "{field} is missing in {sis}. It is required, so this student was skipped. "
            "An existing account was left as it is."
        ),
        _("In {sis}, fill it in here: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "id_missing",
        Severity.ERROR,
        _(
            "{sis} sent a record without an ID, so we can't tell whose it is. "
            "It was skipped, and no account was touched."
        ),
        _(
            "Check in Step 1.2 Select Mapping which field fills the SIS ID. "
            "If it is right, ask the people who run {sis}."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "grade_unknown",
        Severity.ERROR,
        _(
            "The grade level of this student is missing: {sis} sent {value}. "
            "So we can't tell whether the student is in the selected grades. "
            "The student was skipped. An existing account was left as it is."
        ),
        _("In {sis}, set the grade level of this student: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "grade_undecided",
        Severity.NOTE,
        _(
            "{sis} calls the grade of this student {value}. Nobody has said yet whether this grade "
            "is pulled in. The student was left out. An existing account was left as it is."
        ),
        _("Select the grade, or leave it out, in Step 1.1 Configure your SIS. You do it once."),
        ADMINISTRATOR,
    ),
    Problem(
        "email_invalid",
        Severity.ERROR,
        _(
            "{value} is not a complete e-mail address. Students sign in with this address, "
            "so this student was skipped. An existing account was left as it is."
        ),
        _FIX_IN_SIS,
        REGISTRAR,
    ),
    Problem(
        "email_characters",
        Severity.ERROR,
        _(
            "{value} has a character that an e-mail address can't have, such as a curly quotation "
            "mark, or a dot at the beginning or the end of its first part. "
            "So this student was skipped. An existing account was left as it is."
        ),
        _FIX_IN_SIS,
        REGISTRAR,
    ),
    Problem(
        "email_lookalike",
        Severity.ERROR,
        _(
            "{value} has a letter of another alphabet that looks like a Latin one. "
            "Mail would go to a different address, so this student was skipped. "
            "An existing account was left as it is."
        ),
        _("In {sis}, type the whole address again here: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "personal_email_invalid",
        Severity.WARNING,
        _(
            "{value} is not a complete e-mail address. {field} was left out. "
            "All other values of this student were imported."
        ),
        _FIX_IN_SIS,
        REGISTRAR,
    ),
    Problem(
        "graduation_year_invalid",
        Severity.ERROR,
        _(
            "{value} is not a year that we can read. A graduation year is required, "
            "so this student was skipped. An existing account was left as it is."
        ),
        _FIX_IN_SIS,
        REGISTRAR,
    ),
    Problem(
        "date_invalid",
        Severity.ERROR,
        _(
            "{value} is not a date that exists, so this student was skipped. "
            "An existing account was left as it is."
        ),
        _FIX_IN_SIS,
        REGISTRAR,
    ),
    Problem(
        "date_ambiguous",
        Severity.WARNING,
        _(
            "{value} can be two dates: day first or month first. {field} was left out. "
            "All other values of this student were imported."
        ),
        _("In {sis}, write the year first, such as 2010-03-04: {where}."),
        REGISTRAR,
    ),
    Problem(
        "id_placeholder",
        Severity.ERROR,
        _(
            "{value} is not an ID: it stands for one that is still to come. "
            "This student was skipped, and no account was touched."
        ),
        _("In {sis}, give the student an ID here: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "birth_date_unlikely",
        Severity.WARNING,
        _(
            "With {value} as date of birth this student is younger than 2 or older than 25. "
            "The date was imported, and left as it is."
        ),
        _("Check it in {sis}: {where}. If it is right, you don't have to do anything."),
        REGISTRAR,
    ),
    Problem(
        "active_invalid",
        Severity.ERROR,
        _(
            "{value} is neither TRUE nor FALSE, so we can't tell whether the account should be "
            "active. It was left as it is."
        ),
        _("Write TRUE or FALSE into the column {source_field} and upload the row again."),
        ADMINISTRATOR,
    ),
    Problem(
        "gender_unknown",
        Severity.NOTE,
        _("{value} is not one of the usual entries for {field}. It was imported as it is written."),
        _("You don't have to do anything. If it is a mistake, correct it in {sis}: {where}."),
        REGISTRAR,
    ),
    Problem(
        "text_too_long",
        Severity.ERROR,
        _(
            "{field} is longer than an account can store. We never shorten a value, "
            "so this student was skipped. An existing account was left as it is."
        ),
        _("In {sis}, shorten it here: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "control_characters",
        Severity.ERROR,
        _(
            "{field} contains invisible characters that can't be stored. "
            "They often come from copy and paste. This student was skipped. "
            "An existing account was left as it is."
        ),
        _(
            "In {sis}, empty the field, type the text again and save it: {where}. "
            "The next run picks it up."
        ),
        REGISTRAR,
    ),
    Problem(
        "wrong_type",
        Severity.ERROR,
        _(
            "{sis} sent something other than a text for {field}. We don't guess what it means, "
            "so this student was skipped. An existing account was left as it is."
        ),
        _(
            "Check in Step 1.2 Select Mapping whether {source_field} is the right field. "
            "If it is, please report this to the makers of Rollbook."
        ),
        MAKERS,
    ),
    Problem(
        "field_twice",
        Severity.ERROR,
        _(
            "{sis} sent {field} twice in one record, with different values: {value}. "
            "We don't guess which one is right, so this student was skipped. "
            "An existing account was left as it is."
        ),
        _("Ask the people who run {sis} why it sends {source_field} twice for one student."),
        ADMINISTRATOR,
    ),
)

UNKNOWN_PROBLEM: Final = Problem(
    "",
    Severity.ERROR,
    _("This record has a problem that Rollbook can't describe yet."),
    _(
        "Compare the record in {sis} with the account here. If you find nothing, "
        "please report this to the makers of Rollbook."
    ),
    MAKERS,
)
