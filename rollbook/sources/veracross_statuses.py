"""Whether a Veracross student attends: by role, enrollment status and exit date.

v2 sends labels, as a text or a list; v3 sends a code (clients, spec).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from rollbook.roster.records import Proof, SisAnswer
from rollbook.sources.base import Page, Pages
from rollbook.sources.missing_students import Presence
from rollbook.sources.record_types import Record
from rollbook.sources.shapes import iso_day, short_text
from rollbook.sources.veracross_answers import ValueLists, iso_date, status_text

MOST_STATUSES: Final = 1_000  # that are remembered; a school has a handful
LEFT: Final = "_left"  # in a record: the answer about a student who doesn't attend
EXIT_DATE: Final = "exit_date"
STUDENT: Final = "student"
# Beginnings of the roles and statuses of people who don't attend. Schools name them as they like.
_NOT_HERE: Final = (
    *("former", "alum", "future", "withdrawn", "graduate", "not enrolled", "not returning"),
    *("applicant", "applied", "prospect", "inquir", "declined", "denied"),
)


class Statuses:
    """The statuses of the students in the list, to judge that of a student who isn't in it."""

    def __init__(self, fields: tuple[str, ...], today: date) -> None:
        self._fields = tuple(field for field in fields if field != EXIT_DATE)
        self._today = today.isoformat()
        self._in_list: set[tuple[bytes, ...]] = set()
        self._not_here: dict[tuple[bytes, ...], bool] = {}

    def sort_out(
        self, records: Iterable[Record], id_key: str, value_lists: ValueLists | None = None
    ) -> None:
        """Take status and exit date out of records of the list, and mark who doesn't attend."""
        for record in records:
            status, exit_date = self._take(record), self._exit_date(record)
            if self._is_over(exit_date) or self._is_not_here(status):
                sis_id = str(record.get(id_key))
                text = _text(status[0], value_lists)
                record[LEFT] = SisAnswer(sis_id, text, exit_date)
            elif len(self._in_list) < MOST_STATUSES:
                self._in_list.add(status)

    def presence(self, record: Record) -> tuple[Presence, str]:
        """Take the status and the exit date out of a single record.

        Return what they mean, and the exit date. A student with the status of students in the list
        is here. Where nobody has this status, it may mean that he has left: it is unclear.
        """
        status, exit_date = self._take(record), self._exit_date(record)
        if self._is_over(exit_date) or self._is_not_here(status):
            return Presence.GONE, exit_date
        is_usual = any(status) and status in self._in_list
        return (Presence.HERE if is_usual else Presence.UNCLEAR), exit_date

    def _take(self, record: Record) -> tuple[bytes, ...]:
        return tuple([bytes(record.pop(field, b"")) for field in self._fields])

    def _exit_date(self, record: Record) -> str:
        sent = bytes(record.pop(EXIT_DATE, b""))
        if sent in (b"", b"null"):
            return ""
        return iso_day(iso_date(status_text(sent)))

    def _is_over(self, exit_date: str) -> bool:
        return "" < exit_date <= self._today

    def _is_not_here(self, status: tuple[bytes, ...]) -> bool:
        known = self._not_here.get(status)
        if known is None:
            known = _says_not_here(status)
            if len(self._not_here) < MOST_STATUSES:
                self._not_here[status] = known
        return known


def without_left(pages: Pages) -> Pages:
    """Yield the pages without the students who don't attend, with answers about these instead."""
    while True:
        try:
            page = next(pages)
        except StopIteration as end:
            proof: Proof = end.value
            return proof
        yield _without_left(page)


def _without_left(page: Page) -> Page:
    records: Sequence[Record] = page.records
    answers = [record[LEFT] for record in records if LEFT in record]
    if not answers:
        return page
    places_here = [place for place, record in enumerate(records) if LEFT not in record]
    chosen = getattr(records, "chosen", None)
    here = chosen(places_here) if chosen else [records[place] for place in places_here]
    return page._replace(records=here, answers=(*page.answers, *answers))


def _says_not_here(status: tuple[bytes, ...]) -> bool:
    """Return whether role or status is that of somebody who doesn't attend.

    Roles are compared as whole entries: "Future Student" is no "Student".
    """
    labels = [label.casefold() for sent in status for label in _labels(sent)]
    return STUDENT not in labels and any(label.startswith(_NOT_HERE) for label in labels)


def _labels(sent: bytes) -> list[str]:
    try:
        value: Any = msgspec.json.decode(sent)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return []
    entries = value if isinstance(value, list) else [value]
    texts = [entry.get("description") if isinstance(entry, dict) else entry for entry in entries]
    labels = [part for text in texts if isinstance(text, str) for part in text.split(",")]
    return [short_text(label) for label in labels]


def _text(sent: bytes, value_lists: ValueLists | None) -> str:
    text = status_text(sent)
    return value_lists.label("enrollment_status", text) if value_lists is not None else text
