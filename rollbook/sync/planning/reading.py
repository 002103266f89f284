"""Stop 1: reads the roster of a SIS with the integration's credentials, in batches of pages."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from django.db import connection as database

from rollbook.roster.records import Proof
from rollbook.schools import clock
from rollbook.sources.base import Connection, Page, Pages
from rollbook.sources.sent_records import SentRecords
from rollbook.sync.models import Integration, Run
from rollbook.sync.runs.lease import Lease
from rollbook.sync.setup import credentials
from rollbook.sync.setup.bounds import bounds

BATCH: Final = 2_000  # records that are decided and stored together
BATCH_BYTES: Final = 4_000_000  # of the pages as they were sent
SECONDS: Final = 1.0  # the longest a batch waits for more: a slow SIS shows progress too


class Reading:
    """The pages of a roster; once all have come, `proof` shows whether they are complete.

    The time of waiting for a page is counted at the lease. A run that may wait long has no
    connection to the database meanwhile: so after a checkpoint `find_missing` is called before the
    source goes on.
    """

    def __init__(self, pages: Pages, lease: Lease, find_missing: Callable[[], object]) -> None:
        self._pages, self._lease, self._find_missing = pages, lease, find_missing
        self.proof: Proof

    def __iter__(self) -> Iterator[Page]:
        may_wait_long = True  # a silent SIS is silent from the first page on
        while True:
            if may_wait_long and not database.in_atomic_block:
                database.close()
            with self._lease.waiting():
                try:
                    page = next(self._pages)
                except StopIteration as end:
                    self.proof = end.value
                    return
                except Exception:
                    self._lease.check()  # an interrupted conversation is no fault of the SIS
                    raise
            may_wait_long = self._lease.has_slow_sis
            yield page
            if page.checkpoint:
                self._find_missing()


def read_roster(
    run: Run,
    source_fields: frozenset[str],
    lease: Lease,
    missing: Callable[[], Collection[str]],
) -> Reading:
    """Return the pages of the roster of this run, to be read once.

    `missing` returns the SIS IDs of the open accounts that are in no page so far. Only this
    conversation with the SIS has the credentials in the clear.
    """
    assert run.integration is not None
    settings = run.roster_settings
    id_fields = [source_field for source_field, field in settings.mapping if field == "sis_id"]
    tokens = credentials.StoredToken(run.integration)
    stored = credentials.load(run.integration)
    credentials.note_use(run.integration)
    missing_ids: list[str] = []

    def find_missing() -> None:
        missing_ids[:] = missing()

    connection = Connection(
        credentials=stored,
        choices=settings.choices,
        variant=settings.variant,
        tokens=tokens,
        bounds=bounds(),
        interruption=lease.interruption,
        id_field="".join(id_fields),
        missing=lambda: missing_ids,
        today=clock.local_day(clock.now(), run.school),
        grade_meanings=settings.grade_meanings,
    )
    pages = _pages(run.integration, connection, source_fields, tokens)
    return Reading(pages, lease, find_missing)


def _pages(
    integration: Integration,
    connection: Connection,
    source_fields: frozenset[str],
    tokens: credentials.StoredToken,
) -> Pages:
    """Yield the pages, then store the token for the next run."""
    try:
        return (yield from integration.source_type.pages(connection, source_fields))
    finally:
        tokens.save()


def batches(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Gather pages until they hold BATCH records or BATCH_BYTES, or until SECONDS have gone by.

    What was gathered before a checkpoint goes on at once.
    """
    batch: list[Page] = []
    records = size = 0
    since = time.monotonic()
    for page in pages:
        if not page.checkpoint:
            batch.append(page)
            records += len(page.records)
            size += _size(page)
        is_large = records >= BATCH or size >= BATCH_BYTES
        is_late = time.monotonic() - since >= SECONDS
        if batch and (is_large or is_late or page.checkpoint):
            yield batch
            batch, records, size = [], 0, 0
            since = time.monotonic()
    if batch:
        yield batch


def _size(page: Page) -> int:
    return page.records.size if isinstance(page.records, SentRecords) else 0


def release(pages: Iterable[Page]) -> None:
    """Give back the memory of pages that are stored, before the next one is decoded."""
    for page in pages:
        if isinstance(page.records, SentRecords):
            page.records.release()
