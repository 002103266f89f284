"""Saves the rules of an integration: who wins a field, what a blank does, what leavers get."""

from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.planning.leaver_rules import POLICIES, LeaverRules
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused

MOST_RUNS, MOST_DAYS = 50, 365
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class LeaversPolicy(NamedTuple):
    """What happens to accounts that the SIS no longer has, see `leaver_rules.LeaverRules`."""

    policy: str
    runs: int
    days: int
    rollover: str


@transaction.atomic
def save_field_rules(
    integration: Integration,
    by: User | None,
    *,
    app_wins: set[str],
    blank_clears: set[str],
    via: str = "web",
) -> None:
    """Save for which of our fields the app wins, and which a blank in the SIS empties.

    A change raises the mapping's version, so that the next run compares everybody by it.
    Raises SettingRefused.
    """
    if {"sis_id"} & app_wins or not (app_wins | blank_clears) <= set(STUDENT_FIELDS):
        raise SettingRefused("fields", _("This rule can't be made for one of the fields."))
    if never := sorted(set(REQUIRED_FIELDS) & blank_clears):
        labels = ", ".join(STUDENT_FIELDS[field].label for field in never)
        message = _("A blank never clears a required field: %(fields)s.")
        raise SettingRefused("fields", message % {"fields": labels})
    rules: dict[str, dict[str, Any]] = {field: {"wins": "app"} for field in sorted(app_wins)}
    # Where the app wins, the SIS clears nothing either.
    for field in sorted(blank_clears - app_wins):
        rules[field] = {"blank_clears": True}
    row = Integration.objects.select_for_update().get(pk=integration.pk)
    if rules == row.field_rules:
        return
    integration.field_rules = row.field_rules = rules
    integration.mapping_version = row.mapping_version = row.mapping_version + 1
    row.save(update_fields=["field_rules", "mapping_version", "updated_at"])
    audit.record(
        "field_rules.saved",
        school=row.school,
        actor=by,
        subject=str(row.pk),
        via=via,
        app_wins=sorted(app_wins),
        blank_clears=sorted(blank_clears),
    )


@transaction.atomic
def save_leavers(
    integration: Integration, by: User | None, policy: LeaversPolicy, via: str = "web"
) -> None:
    """Save what happens to accounts that the SIS no longer has. Raises SettingRefused."""
    if policy.policy not in POLICIES:
        raise SettingRefused("policy", _("Choose what happens to leavers."))
    if not 1 <= policy.runs <= MOST_RUNS:
        message = _("Give a number of runs from 1 to %(most)d.")
        raise SettingRefused("runs", message % {"most": MOST_RUNS})
    if not 0 <= policy.days <= MOST_DAYS:
        message = _("Give a number of days from 0 to %(most)d.")
        raise SettingRefused("days", message % {"most": MOST_DAYS})
    if not _is_day(policy.rollover):
        raise SettingRefused("rollover", _("Write month and day, such as 07-01."))
    if policy._asdict() == integration.leavers:
        return
    integration.leavers = policy._asdict()
    integration.save(update_fields=["leavers", "updated_at"])
    audit.record(
        "leavers.saved",
        school=integration.school,
        actor=by,
        subject=str(integration.pk),
        via=via,
        **policy._asdict(),
    )


def leavers_of(integration: Integration) -> LeaversPolicy:
    """Return the saved policy; the usual one where nobody chose."""
    usual = LeaverRules._field_defaults
    saved = integration.leavers
    return LeaversPolicy(*(saved.get(name, usual[name]) for name in LeaversPolicy._fields))


def app_wins(integration: Integration) -> set[str]:
    """Return our fields that the SIS fills once and then leaves alone."""
    return {field for field, rule in integration.field_rules.items() if rule.get("wins") == "app"}


def blank_clears(integration: Integration) -> set[str]:
    """Return our fields that a blank in the SIS empties."""
    return {field for field, rule in integration.field_rules.items() if rule.get("blank_clears")}


def _is_day(written: str) -> bool:
    """Return whether this is a month and a day: "07-01"."""
    month, _dash, day = written.partition("-")
    for part in (month, day):
        if not (len(part) == 2 and part.isascii() and part.isdigit()):
            return False
    return 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS_OF_MONTH[int(month) - 1]
