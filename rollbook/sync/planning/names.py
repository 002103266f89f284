"""What changed since the last live run in the SIS's names of grades and in the selection."""

from typing import Any

from rollbook.roster.planning.selecting import Choice, grade_choice, renamed_grades
from rollbook.sync.models import Run


def changed(run: Run, before: Run | None) -> dict[str, Any]:
    """Return the renamed grades and empty schools, by their names in `guards.PlanCounts`.

    They are compared with the last live run `before`, if that one chose the same schools.
    """
    settings = run.roster_settings
    if before is None or before.roster_settings.schools != settings.schools:
        return {}
    last, now = before.roster_names, run.roster_names
    empty_schools = {}
    for key, students in last.get("schools", {}).items():
        if students and not now["schools"].get(key):
            empty_schools[settings.schools[key]] = students
    return {
        "renamed": renamed_grades(settings.selection, last.get("grades", {}), now["grades"]),
        "empty_schools": empty_schools,
    }


def selects_more(run: Run, before: Run) -> bool:
    """Return whether grades or schools were selected since then: then many students are new."""
    now, then = run.roster_settings, before.roster_settings
    if set(now.grades) - set(then.grades):
        return True
    for name, chosen in now.selection.names.items():
        if chosen and grade_choice(then.selection, name) is not Choice.IMPORTED:
            return True
    return bool(then.schools) and bool(set(now.schools) - set(then.schools))
