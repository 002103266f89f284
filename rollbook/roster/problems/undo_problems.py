"""The texts of what an undo leaves alone, and of what it takes back from a later run."""

from typing import Final

from rollbook.roster.problems.problem_texts import ADMINISTRATOR, Problem
from rollbook.roster.records import Severity
from rollbook.roster.translation import gettext_noop as _

UNDO_PROBLEMS: Final = (
    Problem(
        "changed_since",
        Severity.NOTE,
        _(
            "{field} was changed after the run that is undone, by {source_field}. "
            "It is {value} now, and was left as it is."
        ),
        _(
            "If it should go back as well, change it on the student's page. "
            "Or first undo the run that changed it."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "written_again_since",
        Severity.NOTE,
        _(
            "{field} was changed after the run that is undone. Then {source_field} wrote {value} "
            "again. The undo still restores the value from before the run."
        ),
        _("If {value} is right, discard the undo, or change it on the student's page afterwards."),
        ADMINISTRATOR,
    ),
    Problem(
        "made_again_since",
        Severity.NOTE,
        _(
            "{field} of this student was undone before. Then {source_field} wrote {value} again. "
            "It was left as it is."
        ),
        _("If it should go back as well, undo the run that wrote it again."),
        ADMINISTRATOR,
    ),
    Problem(
        "address_taken_since",
        Severity.NOTE,
        _(
            "The e-mail {value} from before the run now belongs to somebody else. "
            "So this student's e-mail was left as it is."
        ),
        _("Search the students for that e-mail, and decide whose it is."),
        ADMINISTRATOR,
    ),
    Problem(
        "link_taken_since",
        Severity.NOTE,
        _(
            "The SIS ID {value} from before the run now belongs to another account. "
            "So this student's link was left as it is."
        ),
        _("Search the students for that SIS ID, and decide whose it is."),
        ADMINISTRATOR,
    ),
    Problem(
        "account_merged_since",
        Severity.NOTE,
        _(
            "This account was merged with another one after the run that is undone, "
            "by {source_field}. Both accounts were left as they are."
        ),
        _(
            "If they aren't the same person, take the merge back on the student's page. "
            "Then correct there what the run changed."
        ),
        ADMINISTRATOR,
    ),
    Problem(
        "account_gone_since",
        Severity.NOTE,
        _("This account does not exist any more. Nothing was put back, and nothing was touched."),
        _("You don't have to do anything."),
        ADMINISTRATOR,
    ),
)
