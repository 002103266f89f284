"""The name and the time zone of a school."""

from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.schools.names import NameRefused, checked_name
from rollbook.sync.models import Schedule
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import schedules


class NameTaken(SettingRefused):
    """Another school has this name."""


class SchoolSettings(NamedTuple):
    """What a person typed. `move_schedules` also moves the schedules in the school's old zone."""

    name: str
    timezone: str
    move_schedules: bool = True


def checked(typed: SchoolSettings, school: School | None = None) -> SchoolSettings:
    """Return settings that can be saved, of a new school or of `school`. Raises SettingRefused."""
    try:
        name = checked_name(typed.name)
    except NameRefused as refused:
        raise SettingRefused("name", str(refused)) from refused
    named = School.objects.filter(name__iexact=name)
    if (named.exclude(pk=school.pk) if school else named).exists():
        what = _("There is a school with this name already. Choose another name.")
        raise NameTaken("name", what)
    zone = schedules.zones().get(typed.timezone.strip().replace(" ", "_").casefold())
    if zone is None:
        raise SettingRefused("timezone", _("Choose a time zone from the list."))
    return SchoolSettings(name, zone, typed.move_schedules)


@transaction.atomic
def add(typed: SchoolSettings, by: User | None, via: str = "web") -> School:
    """Add a school. Raises SettingRefused."""
    settings = checked(typed)
    school = School.objects.create(name=settings.name, timezone=settings.timezone)
    audit.record("school.added", school=school, actor=by, subject=str(school.pk), via=via)
    return school


@transaction.atomic
def save(school: School, by: User | None, typed: SchoolSettings, via: str = "web") -> None:
    """Save the name and the time zone of a school. Raises SettingRefused.

    The next runs of moved schedules are reckoned anew.
    """
    locked = School.objects.select_for_update().get(pk=school.pk)
    settings = checked(typed, locked)
    before = (locked.name, locked.timezone)
    if (settings.name, settings.timezone) == before:
        return
    locked.name, locked.timezone = settings.name, settings.timezone
    locked.save(update_fields=["name", "timezone"])
    audit.record(
        "school.saved",
        school=locked,
        actor=by,
        subject=str(locked.pk),
        via=via,
        before=list(before),
        after=[settings.name, settings.timezone],
    )
    if settings.move_schedules and settings.timezone != before[1]:
        for schedule in schedules_in_zone(locked, before[1]):
            _move(schedule, by, settings.timezone, via)
    school.name, school.timezone = settings.name, settings.timezone


def schedules_in_zone(school: School, zone: str) -> list[Schedule]:
    """Return the schedules of a school whose times are those of a zone."""
    listed = Schedule.objects.filter(school=school, timezone=zone).select_related("integration")
    return list(listed.order_by("integration__source"))


def _move(schedule: Schedule, by: User | None, zone: str, via: str) -> None:
    typed = schedules.checked(
        enabled=schedule.enabled, days=schedule.days, times=schedule.times, zone=zone
    )
    schedules.save(schedule.integration, by, typed, via)
