"""The never import list of a school: students for whom no run creates an account."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.values.parsing import email_key
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students.editing import parse_value
from rollbook.students.links import further_links
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.students.protection import LONGEST_REASON
from rollbook.students.refused import Refused


@transaction.atomic
def add(
    school: School,
    by: User | None,
    *,
    sis_id: str = "",
    email: str = "",
    reason: str = "",
    via: str = "web",
) -> bool:
    """Put a student on the list. Returns False if the entry is there already. Raises Refused."""
    keys = _keys(sis_id, email)
    if not keys:
        raise Refused({"": _("Give a SIS ID or an e-mail.")})
    defaults = {"reason": reason.strip()[:LONGEST_REASON], "by": by}
    added = 0
    for field, key in keys.items():
        _entry, created = NeverImport.objects.get_or_create(
            school=school, field=field, key=key, defaults=defaults
        )
        added += created
    if added:
        audit.record("never_import.added", school=school, actor=by, via=via, entries=added)
    return bool(added)


@transaction.atomic
def remove(entry: NeverImport, by: User | None, via: str = "web") -> bool:
    """Remove an entry; the next run creates the account. Returns False if it is gone already."""
    deleted, _by_table = NeverImport.objects.filter(pk=entry.pk, school_id=entry.school_id).delete()
    if deleted:
        audit.record(
            "never_import.removed", school=entry.school, actor=by, subject=str(entry.pk), via=via
        )
    return bool(deleted)


def listed_sis_ids(school: School, sis_ids: Iterable[str]) -> set[str]:
    """Return those of the SIS IDs that are on the list."""
    asked = {sis_id for sis_id in sis_ids if sis_id}
    if not asked:
        return set()
    entries = NeverImport.objects.filter(school=school, field="sis_id", key__in=asked)
    return set(entries.values_list("key", flat=True))


def entry_of(account: StudentAccount) -> NeverImport | None:
    """Return the entry for the student of an account, by SIS ID, or else by e-mail."""
    entries = NeverImport.objects.filter(school_id=account.school_id).select_related("by")
    if not account.sis_id:
        return entries.filter(field="email", key=account.email_key).first()
    sis_ids = [account.sis_id, *further_links(account).values()]
    return entries.filter(field="sis_id", key__in=sis_ids).first()


def _keys(sis_id: str, email: str) -> dict[str, str]:
    """Return the keys of the entries to add, by field. Raises Refused."""
    keys: dict[str, str] = {}
    for field, text in (("sis_id", sis_id), ("email", email)):
        value = parse_value(field, text)
        if value is not None:
            keys[field] = email_key(value) if field == "email" else value
    return keys
