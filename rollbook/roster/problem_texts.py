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
            "The grade level of this student is missing, or we don't know it: {sis} sent {value}. "
            "So we can't tell whether the student is in the selected grades. "
            "The student was skipped. An existing account was left as it is."
        ),
        _("In {sis}, set the grade level of this student: {where}. The next run picks it up."),
        REGISTRAR,
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
)

STUDENT_PROBLEMS: Final = (
    Problem(
        "id_repeated",
        Severity.ERROR,
        _(
            "{sis} sent this SIS ID more than once, with different values. "
            "We can't tell which one is right, so none was imported. "
            "An existing account was left as it is."
        ),
        _(
            "In {sis}, look for two records with the ID {sis_id}, and keep the right one. "
            "The next run picks it up."
        ),
        REGISTRAR,
    ),
    Problem(
        "email_shared",
        Severity.ERROR,
        _(
            "Two or more students have the e-mail address {value} in {sis}. "
            "An address can belong to one student only, so none of them was touched."
        ),
        _("In {sis}, give each of them a different address: {where}. The next run picks it up."),
        REGISTRAR,
    ),
    Problem(
        "email_taken",
        Severity.ERROR,
        _(
            "The e-mail address {value} already belongs to the account of another student here. "
            "Neither of the two was touched."
        ),
        _(
            "Find out whose address it is. If it is wrong in {sis}, correct it here: {where}. "
            "If it is wrong in the other account, correct it there. If that account is closed, "
            "free the e-mail on that student's page; the next run brings this student in."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "email_recycled",
        Severity.NOTE,
        _(
            "The e-mail address {value} belonged to another student here not long ago. "
            "{sis} gives it to this student now, and the run does the same."
        ),
        _(
            "You don't have to do anything if the address was passed on on purpose. "
            "If not, have it corrected in {sis}: {where}."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "link_names_differ",
        Severity.ERROR,
        _(
            "An account that is not linked to {sis} has the e-mail address {value}. "
            "But its name differs from this student's, or it isn't active. "
            "Nothing was linked, and the account was left as it is."
        ),
        _(
            "Open Link existing accounts and compare the two. If they are the same person, "
            "confirm the link. If not, reject it, and have the e-mail address corrected."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "link_persons_differ",
        Severity.ERROR,
        _(
            "An account that is not linked to {sis} has the e-mail address {value} and the same "
            "name. But its date of birth or its graduation year is a different one. "
            "Nothing was linked, and the account was left as it is."
        ),
        _(
            "Open Link existing accounts and compare the two. If they are the same person, "
            "confirm the link. If not, reject it, and have the e-mail address corrected."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "link_suggested",
        Severity.ERROR,
        _(
            "An account here that is not linked to {sis} could be this student. "
            "The name and the date of birth, the student number or the SIS ID are the same, "
            "but not the e-mail address. No second account was made, "
            "and the existing one was left as it is."
        ),
        _(
            "Open Link existing accounts and say whether they are the same person. "
            "The next run follows your answer."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "relink_suggested",
        Severity.ERROR,
        _(
            "{sis} has a student under a new SIS ID who may be a student we know: the name and the "
            "e-mail address or the date of birth are the same, and the old SIS ID is gone. "
            "No second account was made, and the existing one was left as it is."
        ),
        _(
            "Open Link existing accounts and say whether they are the same person. "
            "The next run gives the account the new SIS ID, or makes a new account."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "like_another_student",
        Severity.ERROR,
        _(
            "{sis} has two students with this name and this date of birth, under two SIS IDs. "
            "They may be one person, so no account was made for this one. "
            "The other student was left as it is."
        ),
        _(
            "If they are one person, keep one of the two records in {sis}. "
            "If they are two people, say so in Link existing accounts: reject the link there. "
            "If it isn't listed yet, start a run first. The run after that makes the account."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "new_students_alike",
        Severity.NOTE,
        _(
            "{sis} has two new students with this name and this date of birth, under two SIS IDs. "
            "They may be one person. Both got an account; every other account was left as it is."
        ),
        _(
            "If they are one person, keep one of the two records in {sis}, and merge the two "
            "accounts on the student's page."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "other_person",
        Severity.ERROR,
        _(
            "The SIS ID {sis_id} is known here, but {sis} now has another person with it: "
            "the name and the date of birth differ, or, where no date of birth is known, "
            "the whole name and the e-mail address. The account was left as it is."
        ),
        _(
            "Find out who has this ID now. If it is the same person, "
            "correct the name or the date of birth where it is wrong."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "account_gone",
        Severity.ERROR,
        _(
            "The account of this student was removed here while the run was reading {sis}. "
            "This student was skipped, and no new account was made."
        ),
        _("You don't have to do anything: the next run looks at this student again."),
        ADMINISTRATOR,
    ),
    Problem(
        "field_vanished",
        Severity.WARNING,
        _(
            "{sis} did not send the field {source_field} for any student. "
            "Usually a permission is missing. {field} was left as it is in all accounts."
        ),
        _(
            "Ask the people who run {sis} to let Rollbook read this field. "
            "Or remove its row in Step 1.2 Select Mapping."
        ),
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
