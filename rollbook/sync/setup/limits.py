"""The safety limits of a run: the installation's, the school's own, and wider ones for a time."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.planning.guards import Limits
from rollbook.schools import audit, clock
from rollbook.schools.clock import local_day
from rollbook.schools.models import School, User
from rollbook.sync.models import LimitWidening, Run, SchoolLimits
from rollbook.sync.refusals import SettingRefused

PERCENTAGES: Final = (
    *("leavers_percent", "new_percent", "emails_percent", "names_percent", "years_percent"),
    *("blanks_percent", "errors_percent", "overlap_percent"),
)
COUNTS: Final = (
    *("leavers_count", "new_count", "emails_count", "names_count", "years_count"),
    *("blanks_count", "errors_count"),
)
MOST_COUNTED: Final = 1_000_000


def usual() -> Limits:
    """Return the installation's limits."""
    return Limits(
        leavers_percent=config.limit_leavers_percent,
        leavers_count=config.limit_leavers_count,
        emails_percent=config.limit_emails_percent,
        emails_count=config.limit_emails_count,
        overlap_percent=config.limit_overlap_percent,
        names_percent=config.limit_names_percent,
        names_count=config.limit_names_count,
        errors_percent=config.limit_errors_percent,
        errors_count=config.limit_errors_count,
        years_percent=config.limit_years_percent,
        years_count=config.limit_years_count,
        new_percent=config.limit_new_percent,
        new_count=config.limit_new_count,
        blanks_percent=config.limit_blanks_percent,
        blanks_count=config.limit_blanks_count,
    )


def of_school(school: School) -> Limits:
    """Return the school's own limits, without those that are wider for a time."""
    row = SchoolLimits.objects.filter(school=school).first()
    return usual()._replace(**(row.figures if row else {}))


def today(school: School) -> Limits:
    """Return the limits for a run of today."""
    day = local_day(clock.now(), school)
    limits = of_school(school)
    for each in LimitWidening.objects.filter(
        school=school, first_day__lte=day, last_day__gte=day
    ).order_by("created_at", "pk"):
        limits = limits._replace(**each.figures)
    return limits


def of_run(run: Run) -> Limits:
    """Return the limits that a run was requested with."""
    figures = run.roster_settings.limits
    if figures is None:
        return usual()
    return Limits(**{name: figures[name] for name in Limits._fields if name in figures})


@transaction.atomic
def save(
    school: School,
    by: User | None,
    figures: Mapping[str, Any],
    *,
    confirmed: bool = False,
    via: str = "web",
) -> Limits:
    """Save the school's own limits. Switching a guard off has to be `confirmed`.

    Raises SettingRefused, and then saves nothing.
    """
    changes = checked(figures)
    before = of_school(school)
    after = before._replace(**changes)
    off = [name for name in switched_off(after) if name not in switched_off(before)]
    if off and not confirmed:
        raise SettingRefused(off[0], _("Switching a guard off has to be confirmed a second time."))
    SchoolLimits.objects.update_or_create(school=school, defaults={"figures": after._asdict()})
    audit.record("limits.saved", school=school, actor=by, via=via, **after._asdict())
    for name in off:
        audit.record("limits.switched_off", school=school, actor=by, subject=name, via=via)
    return after


@transaction.atomic
def widen(
    school: School,
    by: User | None,
    first: date,
    last: date,
    figures: Mapping[str, Any],
    via: str = "web",
) -> LimitWidening:
    """Save wider limits for some days, both included. Raises SettingRefused."""
    changes = checked(figures)
    if last < first:
        raise SettingRefused("last_day", _("The last day has to be the first one or later."))
    if not changes:
        raise SettingRefused("figures", _("Give at least one limit."))
    row = LimitWidening.objects.create(
        school=school, first_day=first, last_day=last, figures=changes, by=by
    )
    audit.record(
        "limits.widened",
        school=school,
        actor=by,
        subject=str(row.pk),
        via=via,
        first=str(first),
        last=str(last),
        **changes,
    )
    return row


@transaction.atomic
def end_widening(school: School, by: User | None, widening_id: int, via: str = "web") -> bool:
    """End wider limits before their last day. Returns False where there are none."""
    deleted, _rows = LimitWidening.objects.filter(school=school, pk=widening_id).delete()
    if deleted:
        audit.record(
            "limits.widening_ended", school=school, actor=by, subject=str(widening_id), via=via
        )
    return bool(deleted)


def checked(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return these limits in their types. Raises SettingRefused."""
    limits: dict[str, Any] = {}
    for name, value in figures.items():
        if name in PERCENTAGES and (
            value is None or (isinstance(value, int | float) and 0 <= value <= 100)
        ):
            limits[name] = None if value is None else float(value)
        elif (name in COUNTS and isinstance(value, int) and 0 <= value <= MOST_COUNTED) or (
            name == "vanished" and isinstance(value, bool)
        ):
            limits[name] = value
        elif name in Limits._fields:
            raise SettingRefused(
                name, _("Percentages go from 0 to 100, numbers from 0 to a million.")
            )
        else:
            raise SettingRefused(name, _("There is no such limit."))
    return limits


def switched_off(limits: Limits) -> list[str]:
    """Return the names of the guards that are switched off."""
    return [name for name in PERCENTAGES if getattr(limits, name) is None] + (
        [] if limits.vanished else ["vanished"]
    )
