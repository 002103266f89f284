"""Reads pages ahead in threads, within a bound on the memory that the waiting ones take.

Eight pages may wait for the reader. A page that would take more than its share of the memory is
dropped and asked for again when it is its turn: alone, as every page after it.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from typing import Final

from rollbook.sources.errors import PageTooHeavy
from rollbook.sources.http import Http
from rollbook.sources.sent_records import Records, SentRecords

# A page of 1,000 students takes about 1 MB as JSON, and another 1 MB when it is decoded.
SHARED_BODY: Final = 2_000_000  # bytes of a page that is read beside others
SHARED_WEIGHT: Final = 6_000_000
RECORD_BYTES, VALUE_BYTES = 300, 60  # about what they take in memory


class PagesAhead:
    """The pages of one conversation that are asked for ahead. Only the reader's thread uses it."""

    def __init__(self, http: Http, threads: Executor) -> None:
        self._http, self._threads = http, threads
        self._waiting: list[_PageAhead] = []
        self._is_alone = False

    def submit(self, read: Callable[[], Records]) -> "Future[Records]":
        """Return a page that is read in another thread; or, one by one, when it is its turn."""
        inner = None if self._is_alone else self._threads.submit(self._read_share, read)
        page = _PageAhead(self, read, inner)
        self._waiting.append(page)
        return page

    def remove(self, page: "_PageAhead") -> None:
        self._waiting = [each for each in self._waiting if each is not page]

    def read_alone(self) -> None:
        """Drop every page that waits. From now on each is read when it is its turn."""
        self._is_alone = True
        futures = [page.drop() for page in self._waiting]
        wait([future for future in futures if future is not None])

    def _read_share(self, read: Callable[[], Records]) -> Records:
        with self._http.at_most(SHARED_BODY):
            records = read()
        values = records.most_values if isinstance(records, SentRecords) else 0
        weight = RECORD_BYTES * len(records) + VALUE_BYTES * values
        if weight > SHARED_WEIGHT:
            raise PageTooHeavy
        return records


class _PageAhead(Future[Records]):
    """A page that waits. `inner` is its work in another thread, None where it is read in turn."""

    def __init__(
        self, owner: PagesAhead, read: Callable[[], Records], inner: "Future[Records] | None"
    ) -> None:
        super().__init__()
        self._owner, self._read, self._inner = owner, read, inner

    def result(self, timeout: float | None = None) -> Records:
        self._owner.remove(self)
        if self._inner is not None:
            try:
                return self._inner.result(timeout)
            except PageTooHeavy:
                self._inner = None
                self._owner.read_alone()
        return self._read()

    def cancel(self) -> bool:
        self._owner.remove(self)
        return self._inner is None or self._inner.cancel()

    def drop(self) -> "Future[Records] | None":
        """Forget what was read. Return the work that may still be under way."""
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.cancel()
        return inner
