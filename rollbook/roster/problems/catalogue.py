"""PROBLEMS, the texts for every issue code, and `explain`, which fills them for one issue."""

from typing import Final, NamedTuple

from rollbook.roster.problems.problem_texts import (
    ADMINISTRATOR,
    UNKNOWN_PROBLEM,
    VALUE_PROBLEMS,
    Problem,
)
from rollbook.roster.problems.sheet_problems import FILE_REMEDIES, FIX_IN_FILE, SHEET_PROBLEMS
from rollbook.roster.problems.student_problems import STUDENT_PROBLEMS
from rollbook.roster.problems.undo_problems import UNDO_PROBLEMS
from rollbook.roster.records import Severity
from rollbook.roster.translation import Translate, fill, gettext_noop
from rollbook.roster.translation import gettext_noop as _

PROBLEMS: Final[dict[str, Problem]] = {
    problem.code: problem
    for problem in (*VALUE_PROBLEMS, *STUDENT_PROBLEMS, *UNDO_PROBLEMS, *SHEET_PROBLEMS)
}
_ONLY_IN_FILES: Final = frozenset(problem.code for problem in SHEET_PROBLEMS)

_THE_SIS: Final = _("the SIS")
_A_VALUE: Final = _("A value")
_NOTHING: Final = _("nothing")
_QUOTED: Final = _("“{value}”")
_NAMED_FIELD: Final = _("the field {source_field}")
_FIELD_FOR: Final = _("the field that gives {field}")
_STUDENT_PAGE: Final = _("the student's page")
_ALSO_ABOUT: Final = _("This is also about {other}.")
# Where `other` of an issue is nobody else.
_OTHER_TEXTS: Final = {"name_broken": _("It may be the name “{other}”.")}


class IssueDetails(NamedTuple):
    """What is known about one issue. Each text may be empty.

    `where` is the place in the SIS, `place` the row and column of a file, where the source is one.
    `other` names who else has the problem, or the name that a broken one may be.
    """

    code: str
    sis: str = ""
    source_field: str = ""
    where: str = ""
    field_label: str = ""
    value: str = ""
    sis_id: str = ""
    place: str = ""
    other: str = ""


class Explanation(NamedTuple):
    """The texts of one issue, ready to show. `fixed_by` is as in `Problem`."""

    severity: Severity
    cause: str
    remedy: str
    fixed_by: str


def explain(issue: IssueDetails, translate: Translate = gettext_noop) -> Explanation:
    """Return the texts of an issue, in the language that `translate` translates to.

    Never raises: an unknown code gets a general text.
    """
    problem = PROBLEMS.get(issue.code, UNKNOWN_PROBLEM)
    if issue.place and issue.code not in _ONLY_IN_FILES:
        remedy = FILE_REMEDIES.get(issue.code, FIX_IN_FILE)
        problem = problem._replace(remedy=remedy, fixed_by=ADMINISTRATOR)
    values = _template_values(issue, translate)
    cause = fill(translate(problem.cause), values)
    if issue.other:
        cause += " " + fill(translate(_OTHER_TEXTS.get(issue.code, _ALSO_ABOUT)), values)
    remedy = fill(translate(problem.remedy), values)
    return Explanation(problem.severity, cause, remedy, problem.fixed_by)


def _template_values(issue: IssueDetails, translate: Translate) -> dict[str, str]:
    """Return the values for the names in the templates; what is unknown gets a general word."""
    values = {
        "sis": issue.sis or translate(_THE_SIS),
        "source_field": issue.source_field or issue.field_label or translate(_A_VALUE),
        "field": issue.field_label or issue.source_field or translate(_A_VALUE),
        "sis_id": issue.sis_id or issue.value,
        "place": issue.place,
        "other": issue.other,
        "value": translate(_NOTHING),
    }
    if issue.value:
        values["value"] = fill(translate(_QUOTED), {"value": issue.value})
    where = issue.where
    if not where:
        where = fill(translate(_general_place(issue)), values)
    values["where"] = where.rstrip(".")  # the sentence around it brings its own full stop
    return values


def _general_place(issue: IssueDetails) -> str:
    """Return the text for the place of an issue whose source names none."""
    if issue.source_field:
        return _NAMED_FIELD
    return _FIELD_FOR if issue.field_label else _STUDENT_PAGE
