"""Merging two accounts of one person into one.

One account stays, with the values a person chose; the other is closed as merged and points to it.
Nothing is erased. The other's links go to the account that stays, as further ones where it has a
link already. If it is linked to the same SIS, the other SIS ID goes on the never import list, so
that no run creates the person again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.records import LINK_KEY
from rollbook.roster.values.parsing import FREED
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students import lookalikes
from rollbook.students.account_changes import record_event, write_account
from rollbook.students.aliases import keep_alias
from rollbook.students.links import add_further, drop_further, further_links, links_of
from rollbook.students.models import (
    AccountStatus,
    EventAction,
    Invitation,
    NeverImport,
    StudentAccount,
)
from rollbook.students.refused import Refused

FIELDS: Final = tuple(field for field in STUDENT_FIELDS if field != "sis_id")
LINK: Final = ("source", "sis_id")
# What the merged account gives up.
GIVEN_UP: Final = ("status", "email_key", "student_number", *LINK)


class Side(NamedTuple):
    """One field of both accounts."""

    field: str
    account: Any
    other: Any

    @property
    def differs(self) -> bool:
        return bool(self.account != self.other)


class MergedLinks(NamedTuple):
    """What happens to the links of the merged account.

    `further` become further links of the account that stays. `doubled` are SIS IDs of a SIS to
    which that account is linked already.
    """

    further: dict[str, str]
    doubled: list[str]


def side_by_side(account: StudentAccount, other: StudentAccount) -> list[Side]:
    """Return every field that at least one of the two has."""
    sides = (Side(field, getattr(account, field), getattr(other, field)) for field in FIELDS)
    return [side for side in sides if side.account is not None or side.other is not None]


def merge(
    account: StudentAccount,
    other: StudentAccount,
    by: User | None,
    taken: Iterable[str] = (),
    *,
    versions: tuple[int, int] | None = None,
    via: str = "web",
) -> StudentAccount:
    """Merge `other` into `account`, with the values of `other` for the fields of `taken`.

    Where `account` has no value, that of `other` is taken anyway. `versions` are those of both that
    the person saw. Raises Refused, and then changes nothing.
    """
    with transaction.atomic():
        account, other = lock_both(account, other)
        _refuse_unmergeable(account, other, versions)
        after = _merged_values(account, other, set(taken))
        before = {field: getattr(account, field) for field in after}
        links = merged_links(account, other)
        entry_ids = [_never_import(account, sis_id, by) for sis_id in links.doubled]
        given_up = {field: getattr(other, field) for field in GIVEN_UP}
        given_up |= _link_values(further_links(other))
        email, email_key = other.email, other.email_key
        if "email_key" in before:
            email, email_key = before["email"], before["email_key"]
        _close_merged(other, account)
        write_account(account, after)
        for source, sis_id in links.further.items():
            add_further(account, source, sis_id, by)
        lookalikes.ask(account.school_id, [account.pk])
        # The address with which nobody signs in any more stays known.
        if not email_key.startswith(FREED):
            keep_alias(account, email, email_key)
        merged = {**after, **_link_values(links.further), "merged_from": str(other.pk)}
        merged["never_import"] = ",".join(filter(None, entry_ids))
        before |= _link_values(dict.fromkeys(links.further))
        record_event(account, by, via, EventAction.MERGED, before=before, after=merged)
        closed = {"status": AccountStatus.MERGED, "merged_into": str(account.pk)}
        record_event(other, by, via, EventAction.MERGED_AWAY, before=given_up, after=closed)
        audit.record(
            "students.merged",
            school=account.school,
            actor=by,
            subject=str(account.pk),
            via=via,
            other=str(other.pk),
            fields=sorted(after),
        )
    return account


def merged_into(account: StudentAccount) -> list[StudentAccount]:
    """Return the accounts that were merged into this one."""
    merged = StudentAccount.objects.filter(school_id=account.school_id, merged_into=account)
    return list(merged.order_by("pk"))


def lock_both(
    account: StudentAccount, other: StudentAccount
) -> tuple[StudentAccount, StudentAccount]:
    """Return both accounts as they are now, locked. Raises Refused if they are not two.

    They are locked in the order of their ids, so that two merges at once cannot deadlock.
    """
    if account.pk == other.pk or account.school_id != other.school_id:
        raise Refused({"": _("Choose another student to merge with.")})
    accounts = StudentAccount.objects.select_for_update(of=("self",)).select_related("school")
    both = accounts.filter(school_id=account.school_id, pk__in=(account.pk, other.pk)).order_by(
        "pk"
    )
    by_id = {each.pk: each for each in both}
    return by_id[account.pk], by_id[other.pk]


def _refuse_unmergeable(
    account: StudentAccount, other: StudentAccount, versions: tuple[int, int] | None
) -> None:
    if AccountStatus.MERGED in (account.status, other.status):
        raise Refused({"": _("Nothing was done: one of the two is merged already.")})
    if versions is not None and (account.version, other.version) != versions:
        text = _("One of the two was changed meanwhile. Look at both again, then merge them.")
        raise Refused({"": text})


def _merged_values(
    account: StudentAccount, other: StudentAccount, taken: set[str]
) -> dict[str, Any]:
    """Return the values that the account that stays gets from the other."""
    values: dict[str, Any] = {}
    for side in side_by_side(account, other):
        is_taken = side.account is None or side.field in taken
        if is_taken and side.other is not None and side.differs:
            values[side.field] = side.other
    if "email" in values:
        if other.email_is_free:
            raise Refused({"": _("The e-mail of the other account was freed. Don't take it.")})
        values["email_key"] = other.email_key
    if other.sis_id and not account.sis_id:
        values |= {"source": other.source, "sis_id": other.sis_id}
    return values


def merged_links(account: StudentAccount, other: StudentAccount) -> MergedLinks:
    """Return what happens to the links of the other account."""
    own = {link.source for link in links_of(account)}
    links = links_of(other)
    if not account.sis_id and links:
        own.add(links[0].source)
        links = links[1:]  # the first one becomes the first link of the account that stays
    elif not own or not links:
        # One of the two has a SIS ID of a file, which belongs to no SIS.
        sis_ids = [link.sis_id for link in links] or ([other.sis_id] if other.sis_id else [])
        return MergedLinks({}, sis_ids if account.sis_id else [])
    further = {link.source: link.sis_id for link in links if link.source not in own}
    return MergedLinks(further, [link.sis_id for link in links if link.source in own])


def _link_values(links: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return further links as an event of an account records them."""
    return {LINK_KEY + source: sis_id for source, sis_id in links.items()}


def _close_merged(account: StudentAccount, into: StudentAccount) -> None:
    """Close the merged account: nothing matches it, and no invitation opens it any more."""
    values: Mapping[str, Any] = {
        "status": AccountStatus.MERGED,
        "email_key": f"merged:{account.pk}",
        "student_number": None,
        "source": "",
        "sis_id": None,
        "merged_into": into,
    }
    drop_further(account)
    write_account(account, values)
    open_invitations = Invitation.objects.filter(
        account=account, used_at__isnull=True, ended_at__isnull=True
    )
    open_invitations.update(ended_at=Now())


def _never_import(account: StudentAccount, sis_id: str, by: User | None) -> str:
    """Put a SIS ID of the merged account on the never import list.

    Returns the id of the new entry, or "" if there was one already.
    """
    entry, created = NeverImport.objects.get_or_create(
        school_id=account.school_id,
        field="sis_id",
        key=sis_id,
        defaults={"reason": _("Merged with another account of the same person"), "by": by},
    )
    return str(entry.pk) if created else ""
