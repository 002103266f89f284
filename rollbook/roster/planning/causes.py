"""Which setting of ours is probably the cause of a problem that many students have."""

from enum import StrEnum
from typing import Final

from rollbook.roster.planning.guards import Limits
from rollbook.roster.problems.problem_texts import REGISTRAR, VALUE_PROBLEMS

# A missing grade says nothing about the mapping; a missing ID does.
_GRADE_PROBLEMS: Final = frozenset({"grade_unknown", "grade_undecided"})
_VALUE_CODES: Final = frozenset(
    problem.code
    for problem in VALUE_PROBLEMS
    if problem.fixed_by == REGISTRAR and problem.code not in _GRADE_PROBLEMS
) | {"id_missing"}


class Setting(StrEnum):
    """Where the setting is changed: the selection of grades, or the mapping."""

    GRADES = "grades"
    MAPPING = "mapping"


def probable_setting(code: str, number: int, students: int) -> Setting | None:
    """Return the setting that `number` of `students` with one problem point to; None for none.

    Single students have a wrong value in the SIS. If many have it, we look in the wrong place. How
    many is the usual limit of the guard for errors.
    """
    if code == "grade_undecided":
        return Setting.GRADES
    limits = Limits()
    is_many = number > limits.errors_count
    if not is_many or 100 * number <= (limits.errors_percent or 0) * students:
        return None
    if code in _GRADE_PROBLEMS:
        return Setting.GRADES
    return Setting.MAPPING if code in _VALUE_CODES else None
