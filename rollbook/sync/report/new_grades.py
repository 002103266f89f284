"""Names of grades that came with a run and that nobody has decided about yet."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.db.models import Count

from rollbook.schools.models import School
from rollbook.sync.models import Integration, Issue, Problem, Run
from rollbook.sync.words.selection import new_grade_words

CODE: Final = "grade_undecided"


class NewGrade(NamedTuple):
    """One name of a grade of a SIS that waits for a decision, with its students."""

    source: str
    name: str
    students: int

    @property
    def sentence(self) -> str:
        return new_grade_words(self.name, self.students)


def undecided_grades(integration: Integration) -> dict[str, int]:
    """Return the names of grades that nobody has decided about, with their students."""
    problems = Problem.objects.filter(
        school=integration.school_id,
        source=integration.source,
        fixed_at__isnull=True,
        code=CODE,
    )
    counted = problems.values_list("value").annotate(Count("pk")).order_by("value")
    return _undecided(integration, counted)


def new_grades_of_school(school: School) -> list[NewGrade]:
    """Return the new grades of the school's active integrations."""
    return [
        NewGrade(integration.source, name, students)
        for integration in school.integrations.filter(active=True).order_by("created_at")
        for name, students in undecided_grades(integration).items()
    ]


def new_grades_of_run(run: Run) -> list[NewGrade]:
    """Return the new grades that a run found, without those that are decided since."""
    if run.integration is None:
        return []
    issues = Issue.objects.filter(school_id=run.school_id, run_id=run.pk, code=CODE)
    counted = issues.order_by("value").values_list("value").annotate(Count("pk"))
    names = _undecided(run.integration, counted)
    return [NewGrade(run.source, name, students) for name, students in names.items()]


def is_decided(integration: Integration | None, name: str) -> bool:
    """Return whether a person has decided about this name of a grade, maybe since the last run."""
    names = integration.grade_names if integration is not None else []
    return _key(name) in {_key(each["name"]) for each in names}


def _undecided(integration: Integration, counted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the students by name, once for a name that came with other spaces."""
    names: dict[str, int] = {}
    for written, students in counted:
        name = " ".join(written.split())
        if not is_decided(integration, name):
            names[name] = names.get(name, 0) + students
    return names


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
