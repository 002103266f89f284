"""Reads active students by the PowerQuery of our plugin, where a school has installed it.

Only the fields that a run needs travel, among them those that `/ws/v1` doesn't have.
"""

from concurrent.futures import Future
from typing import Any, Final, TypedDict

import msgspec

from rollbook.roster.records import SisAnswer
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Connection
from rollbook.sources.errors import PermissionMissing, TokenExpired, UnexpectedShape
from rollbook.sources.missing_students import Presence, Single
from rollbook.sources.numbers import NULL, scalar, whole_number
from rollbook.sources.page_records import PageReader, PageShape
from rollbook.sources.paging import ids_of
from rollbook.sources.powerschool_answers import HOLDERS, decoded_answer, not_an_answer
from rollbook.sources.powerschool_api import Conversation, District
from rollbook.sources.powerschool_fields import FurtherFields, listed
from rollbook.sources.powerschool_plugin import ID_FIELD, QUERY, place_of, query_fields
from rollbook.sources.reckoned_year import LAST_GRADES
from rollbook.sources.record_types import Record, RecordType
from rollbook.sources.sent_records import Records
from rollbook.sources.shapes import is_number

PAGE_SIZE: Final = 2_000  # a PowerQuery has no maximum (doc)
INSTALL: Final = _(
    "Download the plugin in Step 1.2, and install and enable it in PowerSchool: System > System "
    "Settings > Plugin Management Configuration. If it is installed already, install it again: "
    "the mapping has a field that the old one doesn't read."
)


# Fields that `/ws/v1` doesn't have.
ONLY_BY_QUERY: Final = ("person_email", "classof")


class _Count(TypedDict, total=False):
    count: msgspec.Raw


_ANYTHING: Final = msgspec.json.Decoder()
_COUNT: Final = msgspec.json.Decoder(_Count)


def reads(fields: frozenset[str]) -> bool:
    """Return whether the query of a plugin can return all of these source fields."""
    return all(place_of(name) for name in query_fields(fields))


def needs(fields: frozenset[str]) -> list[str]:
    """Return those of the source fields that only the query of our plugin returns."""
    return sorted(
        name
        for name in query_fields(fields)
        if place_of(name) and name not in HOLDERS and "." not in name
    )


def plugin_missing(fields: list[str]) -> PermissionMissing:
    """Return the error where only the query has these fields, and it doesn't answer."""
    what = _("PowerSchool gives us {names} only by our plugin, and the plugin does not answer.")
    return PermissionMissing(Phrase(what, names=", ".join(fields)), INSTALL)


def query_answers(conversation: Conversation) -> bool:
    """Return whether the query of our plugin is installed and may read its fields."""
    return is_answer(*conversation.post(_target("", 1), msgspec.json.encode({"after": "0"})))


def is_answer(status: int, body: bytes) -> bool:
    """Return whether this is what a PowerQuery answers, and not some page with status 200."""
    try:
        answer = decoded_answer(_ANYTHING, body) if status == 200 else None
    except UnexpectedShape:
        return False
    # No rows: no "record", but "@extensions" all the same (clients).
    return isinstance(answer, dict) and bool({"record", "@extensions"} & answer.keys())


def queried_rows(conversation: Conversation, after: int, size: int) -> list[Record]:
    """Return rows of the query with all of its fields; none where it doesn't answer."""
    content = msgspec.json.encode({"after": str(after)})
    status, body = conversation.post(_target("", size), content)
    answer = decoded_answer(_ANYTHING, body) if status == 200 else None
    rows = answer.get("record") if isinstance(answer, dict) else None
    return listed(rows)


def _target(rest: str, size: int) -> str:
    return f"/ws/schema/query/{QUERY}{rest}?pagesize={size}&page=1"


class PluginQuery:
    """The students of one district by the query; a `SisByKey`, and its single reads.

    `district` is asked about students who are not active.
    """

    key_field = ID_FIELD

    def __init__(self, connection: Connection, fields: frozenset[str], district: District) -> None:
        self.name, self.id_field = district.name, district.id_field
        self.page_size = min(PAGE_SIZE, connection.bounds.page_records)
        self._district = district
        self._conversation: Conversation = district.conversation
        names = query_fields(fields)
        self._projection = ";".join(place_of(name).lower() for name in sorted(names))
        self._reader = _reader(
            names, FurtherFields(fields, connection.grade_meanings), connection.bounds.page_records
        )
        self._depends_on_grade = bool(fields & LAST_GRADES.keys())

    def answers(self) -> bool:
        """Return whether the query is installed, has these fields, and may read them."""
        return is_answer(*self._post(_target("", 1), 0))

    def count(self) -> int:
        body = self._asked(_target("/count", self.page_size), 0)
        stated = whole_number(scalar(decoded_answer(_COUNT, body).get("count", NULL)))
        if stated is None:
            raise not_an_answer()
        return stated

    def page_after(self, key: int) -> Records:
        return self._records(self._asked(_target("", self.page_size), key))

    def begin_singles(self) -> None: ...

    def renew(self, expired: TokenExpired) -> None:
        self._district.renew(expired)

    def submit_single(self, sis_id: str) -> "Future[Single]":
        """Ask the query where the SIS ID is the key. A student who isn't active is not in it."""
        if self.id_field == ID_FIELD and is_number(sis_id) and int(sis_id):
            records = self._records(self._asked(_target("", 1), int(sis_id) - 1))
            if ids_of(records, ID_FIELD) == [int(sis_id)]:
                answered: Future[Single] = Future()
                answered.set_result(Single(Presence.HERE, SisAnswer(sis_id), records))
                return answered
        return self._district.submit_single(sis_id)

    def _records(self, body: bytes) -> Records:
        _page, records = self._reader.read(body)
        if self._depends_on_grade:
            records.flattened()
        return records

    def _asked(self, target: str, after: int) -> bytes:
        status, body = self._post(target, after)
        if status != 200:
            raise not_an_answer()
        return body

    def _post(self, target: str, after: int) -> tuple[int, bytes]:
        content = {"after": str(after), "projection": self._projection}
        return self._conversation.post(target, msgspec.json.encode(content))


def _reader(names: frozenset[str], further: FurtherFields, most_records: int) -> PageReader:
    """Return the reader of the query's pages, whose aliases are our source fields."""
    list_of: Any = list
    typed_dict: Any = TypedDict
    record = RecordType({"": names}, ID_FIELD)
    one_or_many = list_of[record.type] | record.type | None
    page = typed_dict("_Page", {"record": one_or_many}, total=False)
    raw_page = typed_dict("_RawPage", {"record": msgspec.Raw}, total=False)
    shape = PageShape(
        page=msgspec.json.Decoder(page),
        raw_page=msgspec.json.Decoder(raw_page),
        path=("record",),
        fields={},
    )

    def finish(flat: Record) -> None:
        further.finish_made(flat)

    return PageReader(
        name="PowerSchool",
        shape=shape,
        record=record,
        refuse=not_an_answer,
        most_records=most_records,
        finish=finish if further else None,
    )
