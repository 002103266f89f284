"""The rules a run goes by: its settings, and the students with rules of their own."""

from datetime import UTC
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower

from rollbook.roster.planning.leaver_rules import LeaverRules
from rollbook.roster.planning.matching import StudentExceptions
from rollbook.roster.planning.owners import FieldOwners
from rollbook.schools import clock
from rollbook.students.models import FieldLock, NeverImport, Protection, StudentAccount
from rollbook.sync.models import Run


def fill_once(run: Run) -> frozenset[str]:
    """Return the fields that the SIS fills only while they are empty: the app wins them."""
    return frozenset(
        field for field, rule in run.roster_settings.field_rules.items() if rule.wins == "app"
    )


def clears(run: Run) -> frozenset[str]:
    """Return the fields that a blank in the SIS empties."""
    return frozenset(
        field for field, rule in run.roster_settings.field_rules.items() if rule.blank_clears
    )


def leavers(run: Run) -> LeaverRules:
    """Return the policy about accounts that the roster lacks."""
    settings = run.roster_settings
    today = run.requested_at.astimezone(UTC).date()
    return LeaverRules(today, **settings.leavers, paused=settings.only_adds)


def owners(run: Run) -> FieldOwners | None:
    """Return the rules about fields that other active SISs fill; None where there is no other."""
    settings = run.roster_settings
    if not settings.other_fields:
        return None
    mapped = {source: frozenset(fields) for source, fields in settings.other_fields.items()}
    mapped[run.source] = frozenset(field for _source_field, field in settings.mapping)
    return FieldOwners(run.source, mapped, settings.owners, leavers(run))


def exceptions(run: Run) -> StudentExceptions:
    """Return the students who are never imported, and the accounts whose e-mail stays."""
    locked = FieldLock.objects.filter(school_id=run.school_id, field="email")
    in_force = Q(until__isnull=True) | Q(until__gt=clock.now())
    protected = Protection.objects.filter(in_force, school_id=run.school_id)
    fixed_emails = {
        account_id.bytes
        for rows in (locked, protected)
        for account_id in rows.values_list("account_id", flat=True)
    }
    return never_import(run)._replace(
        fixed_emails=frozenset(fixed_emails), all_emails_fixed="email" in fill_once(run)
    )


def never_import(run: Run) -> StudentExceptions:
    """Return the students of the school who get no account."""
    sis_ids, emails = set(), set()
    entries = NeverImport.objects.filter(school_id=run.school_id).values_list("field", "key")
    for field, key in entries:
        if field == "sis_id":
            sis_ids.add(key)
        elif field == "email":
            emails.add(key)
    return StudentExceptions(
        frozenset(sis_ids), frozenset(emails), merged_emails=_merged_emails(run.school_id)
    )


def _merged_emails(school_id: UUID) -> frozenset[str]:
    """Return the e-mails of merged accounts, except those that somebody has now."""
    accounts = StudentAccount.objects.filter(school_id=school_id)
    merged = accounts.filter(merged_into__isnull=False).annotate(key=Lower("email"))
    if not merged.exists():  # most often: the next statement reads all accounts, for 35 ms
        return frozenset()
    holders = accounts.filter(email_key=OuterRef("key"))
    return frozenset(merged.exclude(Exists(holders)).values_list("key", flat=True))
