"""The texts of problems of a whole student: whose ID, e-mail or account it is."""

from typing import Final

from rollbook.roster.problems.problem_texts import ADMINISTRATOR, REGISTRAR, Problem
from rollbook.roster.records import Severity
from rollbook.roster.translation import gettext_noop as _

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
        "listed_twice",
        Severity.WARNING,
        _(
            "{sis} has this SIS ID twice in its list of students, with the same values. "
            "The second record was left out."
        ),
        _("In {sis}, look for two records with the ID {sis_id}, and remove one of them."),
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
            "free its e-mail; the next run brings this student in."
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
        "also_elsewhere",
        Severity.ERROR,
        _(
            "The account with the e-mail address {value} and this name is linked to another SIS. "
            "{sis} seems to have the same student. Nothing was linked, no second account was made, "
            "and the existing one was left as it is."
        ),
        _(
            "Open Link existing accounts. Confirm the link if they are the same person, for all "
            "exact matches at once or one by one. The next live run makes it."
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
        "email_of_merged",
        Severity.ERROR,
        _(
            "{sis} has an unknown SIS ID with the e-mail {value}. The account with this e-mail was "
            "merged into another one. No account was made, and none was touched."
        ),
        _(
            "If it is the same person, correct the SIS ID of the account that was kept. "
            "If it is another person, give the student another e-mail in {sis}, "
            "or take the merge back."
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
        "accounts_alike",
        Severity.NOTE,
        _(
            "Two accounts have this name and this date of birth. They may be one person. "
            "Both stay open."
        ),
        _(
            "Open Possible duplicates on the Students page. Merge the two if they are one person. "
            "If not, say that they are two different students: you are asked only once."
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
        "name_broken",
        Severity.ERROR,
        _(
            "The letters of the name {value} are broken: a program read it in another encoding. "
            "So no account was made for this student, and an existing account was left as it is."
        ),
        _("In {sis}, correct the name here: {where}. The next run picks it up."),
        REGISTRAR,
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
