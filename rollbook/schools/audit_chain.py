"""The chain of the audit log: seals new entries, checks them all, removes the oldest.

Entries are written without waiting for each other. A worker seals them later, in order, and the
chain shows each entry that was changed, removed, swapped or back-dated since.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Max

from rollbook.schools import clock
from rollbook.schools.models import AuditEntry, AuditSeal, AuditStart

log = logging.getLogger(__name__)

AT_A_TIME: Final = 2_000
# An id is given when an entry is written, and seen when its transaction ends. Meanwhile others
# write later ids, but hardly ever as many as these.
LATEST_ENTRIES: Final = 10_000
# So long may a transaction take that writes an entry: until then its entry is not back-dated.
LONGEST_TRANSACTION: Final = timedelta(hours=1)
LOCK: Final = 16_061_607  # of this database's advisory locks; a number of ours
FIRST: Final = bytes(32)


class Anchor(NamedTuple):
    """The end of the chain at one moment. Whoever keeps it elsewhere can prove what came before."""

    number: int
    digest: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.digest.hex()}"

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Return the anchor of its text. Raises ValueError."""
        number, _colon, digest = text.strip().partition(":")
        anchor = cls(int(number), bytes.fromhex(digest))
        if anchor.number < 0 or len(anchor.digest) != len(FIRST):
            raise ValueError(text)
        return anchor


def content_of(entry: AuditEntry) -> bytes:
    """Return the digest of everything in an entry but its id."""
    values = [
        str(entry.school_id or ""),
        entry.at.astimezone(UTC).isoformat(),
        str(entry.actor_id or ""),
        entry.via,
        entry.action,
        entry.subject,
        entry.detail,
        bytes(entry.students).hex(),
    ]
    return sha256(json.dumps(values, sort_keys=True).encode()).digest()


def link(before: bytes, number: int, entry_id: int, content: bytes, sealed_at: datetime) -> bytes:
    """Return the digest of a seal, from that of the seal before it."""
    place = f"{number}/{entry_id}/{sealed_at.astimezone(UTC).isoformat()}/".encode()
    return sha256(before + place + content).digest()


def seal() -> int:
    """Seal the entries that have no seal yet; return how many. Does nothing beside another worker.

    Several thousand entries need one short transaction, and nobody who writes an entry waits for
    it.
    """
    number = 0
    while sealed := _seal_some():
        number += sealed
    return number


@transaction.atomic
def _seal_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = anchor()
    newest = AuditSeal.objects.aggregate(id=Max("entry_id"))["id"] or 0
    entries = AuditEntry.objects.filter(pk__gt=newest - LATEST_ENTRIES)
    if newest:
        sealed = AuditSeal.objects.filter(entry_id__gt=newest - LATEST_ENTRIES)
        entries = entries.exclude(pk__in=sealed.values("entry_id"))
    number, digest, at, seals = last.number, last.digest, clock.now(), []
    for entry in entries.order_by("pk")[:AT_A_TIME]:
        number += 1
        content = content_of(entry)
        digest = link(digest, number, entry.pk, content, at)
        seals.append(
            AuditSeal(
                number=number, entry_id=entry.pk, content=content, digest=digest, sealed_at=at
            )
        )
    AuditSeal.objects.bulk_create(seals)
    if seals:
        # The log is kept elsewhere than the database: this line proves what came before.
        log.info("audit log sealed, anchor %s", Anchor(number, digest))
    return len(seals)


def anchor() -> Anchor:
    """Return the end of the chain as it is now."""
    last = AuditSeal.objects.order_by("-number").first() or _start()
    return Anchor(last.number, bytes(last.digest)) if last else Anchor(0, FIRST)


def _start() -> AuditStart | None:
    return AuditStart.objects.order_by("-number").first()


class Finding(NamedTuple):
    """Something in the chain that does not fit. `number` is the place in it.

    `kind` is changed, removed, swapped, back_dated, unsealed, seal_removed, seal_changed,
    anchor_removed or anchor_differs. `other` is the entry that an entry was swapped with.
    """

    kind: str
    number: int | None
    entry_id: int | None
    at: datetime | None = None
    other: int | None = None


class Verified(NamedTuple):
    """The result of checking the whole chain."""

    entries: int
    removed_by_age: int
    last: Anchor
    findings: list[Finding]


def verify(known: Anchor | None = None) -> Verified:
    """Check every entry against its seal, and each seal against the one before it.

    `known` is an anchor that was kept elsewhere.
    """
    start = _start()
    before = Anchor(start.number, bytes(start.digest)) if start else Anchor(0, FIRST)
    is_known = known is None or known == before or known == Anchor(0, FIRST)
    findings: list[Finding] = []
    changed: dict[int, tuple[bytes, bytes, Finding]] = {}
    rounds = _Rounds()
    entries = 0
    seals = _seals(before.number)
    while some := list(islice(seals, AT_A_TIME)):
        these = AuditEntry.objects.in_bulk([each.entry_id for each in some])
        entries += len(these)
        for each in some:
            findings += _check_place(each, before)
            before = Anchor(each.number, bytes(each.digest))
            is_known = is_known or before == known
            finding = rounds.check(each, these.get(each.entry_id))
            if finding is None:
                continue
            findings.append(finding)
            if finding.kind == "changed":
                content = content_of(these[each.entry_id])
                changed[each.entry_id] = (bytes(each.content), content, finding)
    findings = _with_swaps(findings, changed)
    findings += _unsealed(before)
    if known is not None and not is_known:
        kind = "anchor_removed" if known.number > before.number else "anchor_differs"
        findings.append(Finding(kind, known.number, None))
    return Verified(entries, _removed_by_age(), before, findings)


def _seals(after: int) -> Iterator[AuditSeal]:
    seals = AuditSeal.objects.filter(number__gt=after).order_by("number")
    return seals.iterator(chunk_size=AT_A_TIME)


def _removed_by_age() -> int:
    return sum(AuditStart.objects.values_list("removed", flat=True))


def _check_place(seal: AuditSeal, before: Anchor) -> Iterator[Finding]:
    """Yield what is wrong with the place of a seal behind the one before it."""
    if seal.number != before.number + 1:
        yield Finding("seal_removed", before.number + 1, None)
        return
    expected = link(before.digest, seal.number, seal.entry_id, bytes(seal.content), seal.sealed_at)
    if expected != bytes(seal.digest):
        yield Finding("seal_changed", seal.number, seal.entry_id)


class _Rounds:
    """Checks entries against their seals, with the rounds in which they were sealed."""

    def __init__(self) -> None:
        self._before: datetime | None = None  # when the round before this one was
        self._at: datetime | None = None

    def check(self, seal: AuditSeal, entry: AuditEntry | None) -> Finding | None:
        """Return what is wrong with a sealed entry, None if nothing is."""
        if seal.sealed_at != self._at:
            self._before, self._at = self._at, seal.sealed_at
        if entry is None:
            return Finding("removed", seal.number, seal.entry_id, seal.sealed_at)
        if content_of(entry) != bytes(seal.content):
            return Finding("changed", seal.number, entry.pk, entry.at)
        too_early = self._before is not None and entry.at < self._before - LONGEST_TRANSACTION
        if too_early or entry.at > seal.sealed_at:
            return Finding("back_dated", seal.number, entry.pk, entry.at)
        return None


def _with_swaps(
    findings: list[Finding], changed: dict[int, tuple[bytes, bytes, Finding]]
) -> list[Finding]:
    """Return the findings; a changed entry that has the content of another one was swapped."""
    owner_of = {sealed: entry_id for entry_id, (sealed, _now, _finding) in changed.items()}
    swapped = {}
    for entry_id, (_sealed, now, finding) in changed.items():
        other = owner_of.get(now)
        if other is not None and other != entry_id:
            swapped[finding] = finding._replace(kind="swapped", other=other)
    return [swapped.get(finding, finding) for finding in findings]


def _unsealed(last: Anchor) -> Iterator[Finding]:
    """Yield the entries without a seal. All are older than the last round of `seal`."""
    newest = AuditSeal.objects.aggregate(at=Max("sealed_at"))["at"]
    if newest is None or not last.number:
        return
    entries = AuditEntry.objects.exclude(pk__in=AuditSeal.objects.values("entry_id"))
    for entry in entries.filter(at__lt=newest - LONGEST_TRANSACTION).order_by("pk"):
        yield Finding("unsealed", None, entry.pk, entry.at)


def remove_old(days: int) -> int:
    """Remove sealed entries older than `days`, never younger than 18 months; return how many.

    A function of the database's owner does it: the app role may not delete entries.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rollbook_remove_old_audit(%s)", [days])
        return int(cursor.fetchone()[0])
