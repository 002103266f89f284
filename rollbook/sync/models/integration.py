"""A school's integration with one SIS, its encrypted credentials, and when it runs by itself."""

import uuid
from datetime import date, time
from typing import ClassVar

from django.db import models

from rollbook.roster.school_calendar import Pause, Timetable
from rollbook.roster.values.grades import name_at
from rollbook.schools.models import School, User
from rollbook.schools.moments import ChangedAt, MadeAt
from rollbook.sources.base import Source, Variant
from rollbook.sources.registry import SOURCES


def sunday() -> list[int]:
    return [6]


def two_o_clock() -> list[str]:
    return ["02:00"]


class Integration(models.Model):
    """A school's saved set-up of one SIS.

    `grades` are the grade levels to pull in, as integers: -1 and below pre-kindergarten, 0
    kindergarten, 1 to 13. `grade_names` are the SIS's own names of grades in its order, each a
    `{"name", "students", "level", "chosen", "by_person"}`: what the SIS said when it was last
    asked, and what a person decided; they go before `grades`. `by_person` is True where a person
    chose the level. `at_schools` has other levels by the key of a school, where the name means
    something else there. `schools` are the chosen schools of the district, each
    a `{"key", "name"}`; it is empty where all students are this school's.
    `mapping` is a list of `[source field, our field]`; `mapping_version` grows with each change of
    it and is part of every fingerprint.
    `field_rules` holds by our field where the app wins (`{"wins": "app"}`) and where a blank
    empties it (`{"blank_clears": true}`). `owned_fields` are the fields that the school wants from
    this SIS for students whom several SISs have, see `setup.field_owners`.
    `leavers` holds `policy`, `runs`, `days` and `rollover`, see `leaver_rules.LeaverRules`; it is
    empty where nobody chose.
    `proved_at` is when these credentials last passed a connection test or read a roster; None where
    they never did. `credentials_used_at` is when they were last sent to the SIS.
    `credential_versions` has the version of each credential by its name, see `setup.credentials`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    school = models.ForeignKey(School, on_delete=models.PROTECT, related_name="integrations")
    source = models.CharField(max_length=40)
    variant = models.CharField(max_length=20, blank=True)
    choices = models.JSONField(default=dict)
    grades = models.JSONField(default=list)
    grade_names = models.JSONField(default=list)
    schools = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    test_run = models.BooleanField(default=True)
    notify_on_errors = models.BooleanField(default=True)
    mapping = models.JSONField(default=list)
    mapping_version = models.IntegerField(default=1)
    field_rules = models.JSONField(default=dict)
    owned_fields = models.JSONField(default=list)
    leavers = models.JSONField(default=dict)
    proved_at = models.DateTimeField(null=True)
    credentials_used_at = models.DateTimeField(null=True)
    credential_versions = models.JSONField(default=dict)
    created_at = MadeAt()
    updated_at = ChangedAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["school", "source"], name="one_integration_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.school} · {self.source_type.label}"

    @property
    def has_grades(self) -> bool:
        """Whether at least one grade is chosen."""
        return bool(self.grades) or any(each["chosen"] for each in self.grade_names)

    @property
    def grade_meanings(self) -> dict[str, int | None]:
        """The levels that a person chose for names of grades, see `grades.level_of`."""
        meanings = {}
        for each in self.grade_names:
            if each.get("by_person"):
                meanings[each["name"].casefold()] = each["level"]
            for school, level in each.get("at_schools", {}).items():
                meanings[name_at(each["name"], school)] = level
        return meanings

    @property
    def source_type(self) -> Source:
        return SOURCES[self.source]

    @property
    def variant_type(self) -> Variant:
        return self.source_type.variant(self.variant)


class Credential(models.Model):
    """One encrypted credential, see `setup.credentials`. Secrets are never shown again.

    `updated_at` and `changed_by` say when and by whom the value was last typed; `changed_by` is
    None where a command stored it.
    """

    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="credentials"
    )
    name = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    updated_at = ChangedAt()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["school", "integration", "name"], name="one_value_per_credential"
            )
        ]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.name}"


class Schedule(models.Model):
    """When an integration runs by itself.

    `days` are weekdays from 0, Monday; `times` are "HH:MM" in `timezone`, an IANA name.
    `pauses` are `[first day, last day, whether runs only add, name]`; days are written as
    "2026-06-15" and begin at midnight in `timezone`. `next_due_at` moves on in the transaction that
    makes its run, so that each due time makes one run.
    """

    integration = models.OneToOneField(
        Integration, on_delete=models.CASCADE, primary_key=True, related_name="schedule"
    )
    school = models.ForeignKey(School, on_delete=models.CASCADE, related_name="+")
    enabled = models.BooleanField(default=True)
    days = models.JSONField(default=sunday)
    times = models.JSONField(default=two_o_clock)
    timezone = models.CharField(max_length=64, default="Asia/Singapore")
    pauses = models.JSONField(default=list)
    next_due_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_due_at"], name="schedules_by_due_time")]

    def __str__(self) -> str:
        return f"{self.integration_id} {self.days} {self.times} {self.timezone}"

    @property
    def breaks(self) -> list[Pause]:
        """Return the pauses, earliest first."""
        return sorted(
            Pause(date.fromisoformat(first), date.fromisoformat(last), adds, name)
            for first, last, adds, name in self.pauses
        )

    @property
    def timetable(self) -> Timetable:
        return Timetable(
            frozenset(self.days), tuple(time.fromisoformat(at) for at in self.times), self.timezone
        )
