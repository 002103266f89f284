"""Taking a merge back, value by value, except what was changed since."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from rollbook.roster.records import LINK_KEY
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students import lookalikes
from rollbook.students.account_changes import record_event, stored_value, write_account
from rollbook.students.links import add_further, drop_further, further_links
from rollbook.students.merging import GIVEN_UP, LINK, lock_both
from rollbook.students.models import (
    AccountEvent,
    AccountStatus,
    EventAction,
    FurtherLink,
    NeverImport,
    StudentAccount,
)
from rollbook.students.refused import Refused

_NOT_VALUES = ("merged_from", "never_import")  # of the event: what else the merge noted


class _Restored(NamedTuple):
    """The values that the account gets back, those it has now, and the fields that stay."""

    values: dict[str, Any]
    current: dict[str, Any]
    stays: list[str]


def take_back(other: StudentAccount, by: User | None, via: str = "web") -> list[str]:
    """Take the merge of `other` back.

    Returns the fields that stay as they are, because they were changed since. Raises Refused.
    """
    try:
        with transaction.atomic():
            account, other = _lock_merged(other)
            merged = _newest_event(account, EventAction.MERGED, merged_from=str(other.pk))
            away = _newest_event(other, EventAction.MERGED_AWAY, merged_into=str(account.pk))
            restored = _restored(account, merged)
            _refuse_taken(account, other, away.before)
            _write(account, restored.values, by)
            returned = _returned(away.before, restored.stays)
            _write(other, {**returned, "merged_into": None}, by)
            _remove_entries(account, merged.after.get("never_import"))
            _record(account, other, by, via, restored)
            lookalikes.ask(account.school_id, [account.pk, other.pk])
    except IntegrityError as error:
        raise _taken() from error
    return restored.stays


def _returned(before: Mapping[str, Any], stays: list[str]) -> dict[str, Any]:
    """Return what the other account gets back: without the links that stay where they are now."""
    is_first_kept = set(LINK) & set(stays) or LINK_KEY + before["source"] in stays
    values = {field: before[field] for field in GIVEN_UP if field not in LINK or not is_first_kept}
    for key, sis_id in before.items():
        if key.startswith(LINK_KEY) and key not in stays:
            values[key] = sis_id
    return values


def _write(account: StudentAccount, values: Mapping[str, Any], by: User | None) -> None:
    """Write values and further links to a locked account."""
    columns = {key: value for key, value in values.items() if not key.startswith(LINK_KEY)}
    write_account(account, columns)
    for key, sis_id in values.items():
        if key.startswith(LINK_KEY):
            source = key.removeprefix(LINK_KEY)
            drop_further(account, source)
            if sis_id is not None:
                add_further(account, source, sis_id, by)


def _lock_merged(other: StudentAccount) -> tuple[StudentAccount, StudentAccount]:
    """Return the account that stayed and the merged one, locked. Raises Refused."""
    not_merged = Refused({"": _("Nothing was done: this account is not merged any more.")})
    if other.merged_into is None:
        raise not_merged
    account, other = lock_both(other.merged_into, other)
    if other.merged_into_id != account.pk:
        raise not_merged
    return account, other


def _restored(account: StudentAccount, merged: AccountEvent) -> _Restored:
    values: dict[str, Any] = {}
    stays: list[str] = []
    links = {LINK_KEY + source: sis_id for source, sis_id in further_links(account).items()}
    for field, written in merged.after.items():
        if field in _NOT_VALUES:
            continue
        if _current(account, links, field) == written:
            values[field] = merged.before[field]
        else:
            stays.append(field)
    current = {field: _current(account, links, field) for field in values}
    return _Restored(values, current, sorted(stays))


def _current(account: StudentAccount, links: Mapping[str, str], field: str) -> Any:
    """Return the value of a field now, or the SIS ID of a further link."""
    if field.startswith(LINK_KEY):
        return links.get(field)
    return stored_value(getattr(account, field))


def _refuse_taken(
    account: StudentAccount, other: StudentAccount, before: Mapping[str, Any]
) -> None:
    """Raise Refused if somebody else has the e-mail or the SIS ID by now.

    The database refuses it too, but only at the end of the transaction.
    """
    accounts = StudentAccount.objects.filter(school_id=account.school_id)
    others = accounts.exclude(pk__in=(account.pk, other.pk))
    same_link = Q(source=before["source"], sis_id=before["sis_id"], sis_id__isnull=False)
    if others.filter(Q(email_key=before["email_key"]) | same_link).exists():
        raise _taken()
    if before["sis_id"] is not None:
        rows = FurtherLink.objects.filter(
            school_id=account.school_id, source=before["source"], sis_id=before["sis_id"]
        )
        if rows.exclude(account__in=(account, other)).exists():
            raise _taken()


def _taken() -> Refused:
    return Refused(
        {
            "": _(
                "Nothing was done: another student now has the e-mail or the SIS ID of this "
                "account. Change that first."
            )
        }
    )


def _remove_entries(account: StudentAccount, entry_ids: str | None) -> None:
    """Remove the entries that the merge put on the never import list."""
    if entry_ids:
        entries = NeverImport.objects.filter(school_id=account.school_id)
        entries.filter(pk__in=entry_ids.split(",")).delete()


def _newest_event(account: StudentAccount, action: EventAction, **after: str) -> AccountEvent:
    """Return the newest event of this kind about the other account."""
    conditions = {f"after__{key}": value for key, value in after.items()}
    return AccountEvent.objects.filter(account=account, action=action, **conditions).latest("at")


def _record(
    account: StudentAccount, other: StudentAccount, by: User | None, via: str, restored: _Restored
) -> None:
    record_event(
        account,
        by,
        via,
        EventAction.UNMERGED,
        before=restored.current,
        after={**restored.values, "unmerged_from": str(other.pk)},
    )
    record_event(
        other,
        by,
        via,
        EventAction.UNMERGED,
        before={"status": AccountStatus.MERGED},
        after={"status": other.status},
    )
    audit.record(
        "students.unmerged",
        school=account.school,
        actor=by,
        subject=str(account.pk),
        via=via,
        other=str(other.pk),
        stays=restored.stays,
    )
