"""Saving the rules of an integration: which side wins a field, what a blank does, and what becomes of leavers."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.leaving import POLICIES, LeaverRules
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused

MOST_RUNS, MOST_DAYS = 50, 365
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@transaction.atomic
def save_field_rules(
    integration: Integration,
    by: User | None,
    *,
    app_wins: set[str],
    blank_clears: set[str],
    via: str = "web",
) -> None:
    """Say for which of our fields the app wins, and in which a blank in the SIS empties ours. Raises SettingRefused.

    Another choice raises the mapping's version, so that the next run compares everybody by it.
    """
    if {"sis_id"} & app_wins or not (app_wins | blank_clears) <= set(STUDENT_FIELDS):
        raise SettingRefused("fields", _("This rule can't be made for one of the fields."))
    if never := sorted(set(REQUIRED_FIELDS) & blank_clears):
        labels = ", ".join(STUDENT_FIELDS[field].label for field in never)
        raise SettingRefused(
            "fields", _("A blank never clears a required field: %(fields)s.") % {"fields": labels}
        )
    rules: dict[str, dict[str, Any]] = {field: {"wins": "app"} for field in sorted(app_wins)}
    for field in sorted(
        blank_clears - app_wins
    ):  # where the app wins, the SIS clears nothing either
        rules[field] = {"blank_clears": True}
    held = Integration.objects.select_for_update().get(pk=integration.pk)
    if rules != held.field_rules:
        integration.field_rules = held.field_rules = rules
        integration.mapping_version = held.mapping_version = held.mapping_version + 1
        held.save(update_fields=["field_rules", "mapping_version", "updated_at"])
        audit.record(
            "field_rules.saved",
            school=held.school,
            actor=by,
            subject=str(held.pk),
            via=via,
            app_wins=sorted(app_wins),
            blank_clears=sorted(blank_clears),
        )


@transaction.atomic
def save_leavers(
    integration: Integration,
    by: User | None,
    *,
    policy: str,
    runs: int,
    days: int,
    rollover: str,
    via: str = "web",
) -> None:
    """Say what becomes of accounts that the SIS no longer has. Raises SettingRefused."""
    if policy not in POLICIES:
        raise SettingRefused("policy", _("Choose what becomes of leavers."))
    if not 1 <= runs <= MOST_RUNS:
        raise SettingRefused(
            "runs", _("Give a number of runs from 1 to %(most)d.") % {"most": MOST_RUNS}
        )
    if not 0 <= days <= MOST_DAYS:
        raise SettingRefused(
            "days", _("Give a number of days from 0 to %(most)d.") % {"most": MOST_DAYS}
        )
    if not _is_day(rollover):
        raise SettingRefused("rollover", _("Write month and day, such as 07-01."))
    wanted = {"policy": policy, "runs": runs, "days": days, "rollover": rollover}
    if wanted != integration.leavers:
        integration.leavers = wanted
        integration.save(update_fields=["leavers", "updated_at"])
        audit.record(
            "leavers.saved",
            school=integration.school,
            actor=by,
            subject=str(integration.pk),
            via=via,
            **wanted,
        )


def leavers_of(integration: Integration) -> dict[str, Any]:
    """The policy as it stands, the usual one where nobody chose."""
    usual = LeaverRules._field_defaults
    return {
        name: integration.leavers.get(name, usual[name])
        for name in ("policy", "runs", "days", "rollover")
    }


def _is_day(written: str) -> bool:
    month, dash, day = written.partition("-")
    if not (
        dash
        and len(month) == len(day) == 2
        and month.isascii()
        and day.isascii()
        and month.isdigit()
        and day.isdigit()
    ):
        return False
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS_OF_MONTH[int(month) - 1]


def app_wins(integration: Integration) -> set[str]:
    """Our fields that the SIS fills once and then leaves."""
    return {field for field, rule in integration.field_rules.items() if rule.get("wins") == "app"}


def blank_clears(integration: Integration) -> set[str]:
    """Our fields that a blank in the SIS empties."""
    return {field for field, rule in integration.field_rules.items() if rule.get("blank_clears")}
