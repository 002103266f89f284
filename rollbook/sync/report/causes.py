"""The open problems of a school grouped by cause, with the setting that is probably wrong."""

from typing import Final, NamedTuple

from django.db.models import Case, CharField, Count, F, Q, QuerySet, Value, When

from rollbook.roster.planning.causes import Setting, probable_setting
from rollbook.schools.models import School
from rollbook.sync.models import Integration, Problem, Run, RunState, Trigger
from rollbook.sync.report import new_grades
from rollbook.sync.words.causes import cause_words
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import translated, word

FEWEST: Final = 2  # a problem that one student has is no group
MOST: Final = 20
# The value is part of the cause only where it is the name of a grade.
_CAUSE_VALUE: Final = Case(
    When(code=new_grades.CODE, then=F("value")),
    default=Value(""),
    output_field=CharField(),
)


class Cause(NamedTuple):
    """One problem that `number` students of a SIS have.

    `setting` is the setting of `integration` that is probably wrong, None where the values in the
    SIS are.
    """

    source: str
    integration: Integration | None
    severity: str
    code: str
    field: str
    source_field: str
    value: str
    number: int
    setting: Setting | None

    @property
    def key(self) -> str:
        """The cause as the filter of the list takes it."""
        return ":".join((self.source, self.code, self.field, self.value))

    @property
    def sentence(self) -> str:
        label = word(FIELD_LABELS, self.field)
        return cause_words(self.code, label, self.number, self.value, self.place)

    @property
    def place(self) -> str:
        """Where we look for the field now; "" for nowhere."""
        if self.integration is None or not self.source_field:
            return self.source_field
        variant = self.integration.variant_type
        row = variant.row(self.source_field, self.field)
        # The usual place is called like the field itself.
        is_usual = row in variant.mapping
        words = "" if row is None else translated(row.where if is_usual else row.label)
        return words or self.source_field


def causes(school: School) -> list[Cause]:
    """Return the causes that several students have, those of a setting first, then the largest."""
    problems = Problem.objects.filter(school=school, fixed_at__isnull=True)
    groups = (
        problems.annotate(cause_value=_CAUSE_VALUE)
        .values("source", "severity", "code", "field", "source_field", "cause_value")
        .annotate(number=Count("pk"))
        .order_by("-number", "code", "field")
    )
    integrations = {each.source: each for each in school.integrations.all()}
    students: dict[str, int] = {}
    grouped: list[Cause] = []
    for group in groups:
        source, number = group["source"], group["number"]
        is_grade = group["code"] == new_grades.CODE
        if is_grade and new_grades.is_decided(integrations.get(source), group["cause_value"]):
            continue  # the next run pulls these students in, or leaves them out
        if source not in students:
            students[source] = _students(school, source)
        setting = probable_setting(group["code"], number, students[source])
        if number < FEWEST and setting is None:
            continue
        grouped.append(
            Cause(
                source=source,
                integration=integrations.get(source),
                severity=group["severity"],
                code=group["code"],
                field=group["field"],
                source_field=group["source_field"],
                value=group["cause_value"],
                number=number,
                setting=setting,
            )
        )
    grouped.sort(key=lambda cause: cause.setting is None)
    return grouped[:MOST]


def of_cause(problems: QuerySet[Problem], key: str) -> QuerySet[Problem]:
    """Return the problems with this cause, see `Cause.key`; all of them for an empty key."""
    if not key:
        return problems
    source, code, field, value = (*key.split(":", 3), "", "", "", "")[:4]
    problems = problems.filter(source=source, code=code, field=field)
    return problems.filter(value=value) if value else problems


def without_settings(problems: QuerySet[Problem], of_school: list[Cause]) -> QuerySet[Problem]:
    """Return the problems without those that a setting of ours probably causes."""
    of_setting = Q()
    for cause in of_school:
        if cause.setting is not None:
            of_setting |= Q(source=cause.source, code=cause.code, field=cause.field)
    return problems.exclude(of_setting) if of_setting else problems


def _students(school: School, source: str) -> int:
    """Return how many students of the selection the last run read from this SIS."""
    runs = Run.objects.filter(school=school, source=source, state=RunState.DONE)
    run = runs.filter(undoes__isnull=True).exclude(trigger=Trigger.UPLOAD)
    last = run.order_by("-requested_at").first()
    if last is None:
        return 0
    return last.typed_counts.read - last.typed_counts.outside_selection
