"""The links of an account: the first one in its own columns, further ones in rows of their own."""

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.records import LINK_KEY
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.students.account_changes import lock_account, record_event, write_account
from rollbook.students.models import EventAction, FurtherLink, StudentAccount
from rollbook.students.refused import Refused


class Link(NamedTuple):
    """One SIS that has the student of an account. `since` and `confirmed_by` of further ones."""

    source: str
    sis_id: str
    since: datetime | None = None
    confirmed_by: User | None = None


def links_of(account: StudentAccount) -> list[Link]:
    """Return all links of an account, the first one first."""
    links = []
    if account.source and account.sis_id is not None:
        links.append(Link(account.source, account.sis_id))
    for row in account.further_links.select_related("confirmed_by").order_by("since", "pk"):
        links.append(Link(row.source, row.sis_id, row.since, row.confirmed_by))
    return links


def further_links(account: StudentAccount) -> dict[str, str]:
    """Return the SIS IDs of the further links of an account, by source."""
    rows = account.further_links.order_by("since", "pk")
    return dict(rows.values_list("source", "sis_id"))


def add_further(account: StudentAccount, source: str, sis_id: str, by: User | None) -> None:
    """Add a further link to a locked account."""
    FurtherLink.objects.create(
        school_id=account.school_id,
        account=account,
        source=source,
        sis_id=sis_id,
        confirmed_by=by,
    )


def drop_further(account: StudentAccount, source: str | None = None) -> None:
    """Remove the further link of a locked account to this source; None removes all."""
    rows = account.further_links.all()
    if source is not None:
        rows = rows.filter(source=source)
    rows.delete()


def is_taken(account: StudentAccount, source: str, sis_id: str) -> bool:
    """Return whether a further link of another account has this SIS ID."""
    rows = FurtherLink.objects.filter(school_id=account.school_id, source=source, sis_id=sis_id)
    return rows.exclude(account=account).exists()


@transaction.atomic
def unlink(account: StudentAccount, source: str, by: User | None, via: str = "web") -> str:
    """Remove one link of an account that has several; the values stay. Returns its SIS ID.

    If it was the first link, the next one becomes the first. Raises Refused.
    """
    locked = lock_account(account)
    links = links_of(locked)
    sis_ids = {link.source: link.sis_id for link in links}
    if source not in sis_ids:
        raise Refused({"": _("Nothing was done: this account isn't linked to that SIS any more.")})
    if len(links) == 1:
        raise Refused({"": _("Nothing was done: this is the only link of the account.")})
    before: dict[str, str | None] = {LINK_KEY + source: sis_ids[source]}
    after: dict[str, str | None] = {LINK_KEY + source: None}
    if source == locked.source:
        drop_further(locked, links[1].source)
        after = {"source": links[1].source, "sis_id": links[1].sis_id}
        before = {"source": locked.source, "sis_id": locked.sis_id}
        write_account(locked, after)
    else:
        drop_further(locked, source)
        write_account(locked)
    locked.absences.filter(source=source).delete()
    record_event(locked, by, via, EventAction.UNLINKED, before=before, after=after)
    audit.record(
        "student.unlinked",
        school=locked.school,
        actor=by,
        subject=str(locked.pk),
        via=via,
        source=source,
    )
    return sis_ids[source]
