"""The rules a run goes by, as they stood when it was asked for, and the students with rules of their own."""

from datetime import UTC
from typing import Any

from django.db.models import Q
from django.utils import timezone

from rollbook.roster.leaving import LeaverRules
from rollbook.roster.matching import StudentExceptions
from rollbook.students.models import FieldLock, NeverImport, Protection
from rollbook.sync.models import Integration, Run


def settings_of(integration: Integration) -> dict[str, Any]:
    """What a run keeps of them, beside mapping and grades."""
    return {"field_rules": integration.field_rules, "leavers": integration.leavers}


def fill_once(run: Run) -> frozenset[str]:
    """Return the fields that the SIS fills only while they are empty (the app wins)."""
    return frozenset(
        field
        for field, rule in run.settings.get("field_rules", {}).items()
        if rule.get("wins") == "app"
    )


def clears(run: Run) -> frozenset[str]:
    """Fields that a blank in the SIS empties."""
    return frozenset(
        field
        for field, rule in run.settings.get("field_rules", {}).items()
        if rule.get("blank_clears")
    )


def leavers(run: Run) -> LeaverRules:
    """The policy about accounts that the roster lacks."""
    return LeaverRules(
        run.requested_at.astimezone(UTC).date(),
        **run.settings.get("leavers", {}),
        paused=run.settings.get("only_adds", False),
    )


def exceptions(run: Run) -> StudentExceptions:
    """Students of the school who are never imported, and accounts whose e-mail stays."""
    never = list(NeverImport.objects.filter(school_id=run.school_id).values_list("field", "key"))
    locked = FieldLock.objects.filter(school_id=run.school_id, field="email").values_list(
        "account_id", flat=True
    )
    standing = Q(until__isnull=True) | Q(until__gt=timezone.now())
    protected = Protection.objects.filter(standing, school_id=run.school_id).values_list(
        "account_id", flat=True
    )
    return StudentExceptions(
        never_import_sis_ids=frozenset(key for field, key in never if field == "sis_id"),
        never_import_emails=frozenset(key for field, key in never if field == "email"),
        fixed_emails=frozenset(
            account_id.bytes for ids in (locked, protected) for account_id in ids
        ),
        all_emails_fixed="email" in fill_once(run),
    )
