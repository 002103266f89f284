"""Reads the records of a page: one that can't be read costs no other.

A page is decoded in one go. Only where that fails, its records are decoded one by one, and a value
that can't be read stays in its record as something that the mapping names as a problem.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.roster.values.doubled import Doubled
from rollbook.sources.doubled_keys import DoubledKeys, JsonObject, parsed_record
from rollbook.sources.errors import SourceError, UnexpectedShape
from rollbook.sources.record_types import Record, RecordType
from rollbook.sources.repairs import repaired
from rollbook.sources.sent_records import SentRecords
from rollbook.sources.shapes import UNREADABLE, check_size

MOST_RECORDS: Final = 20_000  # of one page
LONG_BODY: Final = 2_000_000  # bytes; the texts of a larger page are looked at
MOST_TEXT: Final = 40_000_000  # bytes that the texts of a page take in memory
MOST_REPAIRED: Final = 4_000_000  # bytes of a page that is read record by record
_RAW_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
# An escape that may be in a key, as in "\\u0069d" for "id".
_ESCAPED_LETTER: Final = re.compile(rb"\\u00[3-7]")


class PageShape(NamedTuple):
    """How a page is decoded: with its records, and with their list as raw JSON.

    `path` leads to the list. `fields` are the names of fields that have another key in the JSON.
    """

    page: "msgspec.json.Decoder[Any]"
    raw_page: "msgspec.json.Decoder[Any]"
    path: tuple[str, ...]
    fields: Mapping[str, str]


class PageReader:
    """Reads pages of one shape. `refuse` makes the error for a page of another shape."""

    def __init__(
        self,
        name: str,
        shape: PageShape,
        record: RecordType,
        refuse: Callable[[], SourceError],
        most_records: int = MOST_RECORDS,
        finish: Callable[[Record], object] | None = None,
    ) -> None:
        self._name, self._shape, self._record = name, shape, record
        self._refuse, self._most, self._finish = refuse, most_records, finish
        self._record_decoder = msgspec.json.Decoder(record.type)
        keys = frozenset[str]().union(*record.keys.values())
        self._needles = [json.dumps(key).encode() for key in sorted(keys)]
        self._any_key = re.compile(b"|".join(map(re.escape, self._needles)))

    def read(self, body: bytes) -> tuple[Any, SentRecords]:
        """Return the decoded page, and its records. Raises UnexpectedShape."""
        check_size(body, self._refuse)
        if body.count(b"{") > self._most:
            self._check_number(body)
        try:
            document = self._shape.page.decode(body)
        except UNREADABLE:
            return self._read_one_by_one(body)
        records = self._list_in(document)
        if len(body) > LONG_BODY:
            self._bound_texts(records)
        return document, self._sent(records, body)

    def raw_records(self, body: bytes) -> list[msgspec.Raw]:
        """Return the raw JSON of each record of a page. Raises UnexpectedShape."""
        try:
            raw = self._at_path(self._shape.raw_page.decode(body))
            if not isinstance(raw, msgspec.Raw):
                return []
            first = bytes(memoryview(raw)[:1])
            if first == b"[":
                return _RAW_LIST.decode(raw)
        except UNREADABLE:
            raise self._refuse() from None
        return [raw] if first == b"{" else []

    def doubled(self, raw: bytes) -> dict[str, Doubled]:
        """Return the fields of a record that it has twice, with different values."""
        parsed = parsed_record(raw)
        return self._doubled_in(parsed) if isinstance(parsed, JsonObject) else {}

    def has_keys(self, body: bytes, number: int) -> bool:
        """Return whether the keys that are read come so often in the records of a page, in all.

        False also where that can't be told, because one may be written with escapes ("\\u0069d" for
        "id"). Most often the whole page has as many, and then its records aren't looked up in it.
        """
        if b"\\u00" in body and _ESCAPED_LETTER.search(body):
            return False
        if self._count_keys(body) == number:
            return True
        try:
            content = self._at_path(self._shape.raw_page.decode(body))
        except UNREADABLE:
            return False
        text = bytes(content) if isinstance(content, msgspec.Raw) else b""
        return self._count_keys(text) == number

    def _count_keys(self, text: bytes) -> int:
        """Return how often the keys come in a text.

        One search for all of them: one for each of eleven took half as long again. Of a long text
        it would keep too many matches in memory.
        """
        if len(text) > LONG_BODY:
            return sum(map(text.count, self._needles))
        return len(self._any_key.findall(text))

    def _read_one_by_one(self, body: bytes) -> tuple[Any, SentRecords]:
        if len(body) > MOST_REPAIRED:
            raise self._refuse()
        try:
            body = repaired(body)
            document = self._shape.raw_page.decode(body)
        except UNREADABLE:
            raise self._refuse() from None
        records = [self._read_one(raw) for raw in self.raw_records(body)]
        if not any(map(_is_id, self._record.values(records, self._record.id_key))):
            raise self._refuse()
        return document, self._sent(records, body)

    def _sent(self, records: list[Any], body: bytes) -> SentRecords:
        doubled_keys = DoubledKeys(self, body, len(records))
        return SentRecords(records, self._record, doubled_keys, len(body), self._finish)

    def _bound_texts(self, records: list[Any]) -> None:
        """Cut long texts, which are too long for any field. Raises UnexpectedShape.

        It does so where the rest takes too much memory: four bytes a letter where one is an emoji.
        """
        size = sum(map(self._record.cut_texts, records))
        if size > MOST_TEXT:
            raise self._refuse()

    def _read_one(self, raw: msgspec.Raw) -> Any:
        try:
            return self._record_decoder.decode(raw)
        except UNREADABLE:
            parsed = parsed_record(bytes(raw))
        return self._record.with_faults(parsed if isinstance(parsed, JsonObject) else {})

    def _doubled_in(self, parsed: JsonObject) -> dict[str, Doubled]:
        doubled = {}
        for holder, keys in self._record.keys.items():
            groups = parsed.doubled.get(holder, [parsed.get(holder)]) if holder else [parsed]
            objects = [each for each in groups if isinstance(each, JsonObject)]
            for key in keys:
                values = []
                for each in objects:
                    values += each.doubled.get(key, [each[key]] if key in each else [])
                if any(value != values[0] for value in values):
                    doubled[self._shape.fields.get(key, key)] = Doubled(values)
        return doubled

    def _check_number(self, body: bytes) -> None:
        """Raise UnexpectedShape where a page has more records than are read at once."""
        try:
            number = len(self.raw_records(body))
        except SourceError:
            return  # it is decoded one by one
        if number > self._most:
            what = _("{name} sent {number} students on one page. We read at most {most} at once.")
            remedy = _(
                "Ask whoever looks after {name} to make its pages smaller, or the operator of this "
                "installation to raise ROLLBOOK_PAGE_RECORDS."
            )
            number_text, most = f"{number:,}", f"{self._most:,}"
            raise UnexpectedShape(
                Phrase(what, name=self._name, number=number_text, most=most),
                Phrase(remedy, name=self._name),
            )

    def _list_in(self, document: Any) -> list[Any]:
        content = self._at_path(document)
        if isinstance(content, list):
            return content
        return [content] if isinstance(content, self._record.type) else []

    def _at_path(self, document: Any) -> Any:
        for key in self._shape.path:
            document = document.get(key) if isinstance(document, dict) else None
        return document


def _is_id(value: Any) -> bool:
    """Return whether a value may be an ID: a page without any is not a page of students."""
    if isinstance(value, str):
        return value.isprintable()
    return type(value) is int and value.bit_length() < 64
