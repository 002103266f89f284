"""Reads Veracross's answers: codes, dates, and why a request was refused.

Where each fact is known from: Veracross's documentation (doc), its API description (spec), or what
several working clients depend on (clients).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NoReturn, Required, TypedDict
from urllib.parse import urlsplit

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.errors import (
    AddressRefused,
    PermissionMissing,
    RouteUnknown,
    UnexpectedShape,
)
from rollbook.sources.http import Response
from rollbook.sources.page_records import PageReader, PageShape
from rollbook.sources.record_types import Record, RecordType
from rollbook.sources.shapes import Scalar, decoded, record_type, short_text
from rollbook.sources.wire import redirect_host

SCOPE: Final = "students:list"
SINGLE_SCOPE: Final = "students:read"
# Fields that say whether a student attends, by API. They are not passed on.
V2_STATUS: Final = ("enrollment_status", "role", "roles")
V3_STATUS: Final = ("enrollment_status", "exit_date")
# Sent as a label, an object or a code.
CAMPUS: Final = ("campus",)
# The label of the item that means "not set" (doc).
NO_LABEL: Final = frozenset({"", "none", "<none>"})
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NOT_AN_ANSWER: Final = _("The answer is not what Veracross answers.")
CHECK_ROUTE: Final = _(
    "It is the short name of the school in the address of Axiom: “acs” in axiom.veracross.com/acs. "
    "Enter just that."
)


class _Item(TypedDict, total=False):
    id: Scalar  # a number in the examples, a text in the description (doc, spec)
    description: Scalar
    obsolete: Scalar


class _ValueList(TypedDict, total=False):
    fields: list[str]
    items: list[_Item] | None


class _Problem(TypedDict, total=False):
    error: Scalar


_PROBLEM: Final = msgspec.json.Decoder(_Problem)


def list_reader(fields: Iterable[str], most_records: int) -> PageReader:
    """Return the reader of v2's pages: a list of records, of which only these fields are read."""
    list_of: Any = list
    record = RecordType({"": frozenset(fields)}, "person_pk", V2_STATUS + CAMPUS)
    shape = PageShape(
        page=msgspec.json.Decoder(list_of[record.type]),
        raw_page=msgspec.json.Decoder(msgspec.Raw),
        path=(),
        fields={},
    )
    return PageReader(
        name="Veracross",
        shape=shape,
        record=record,
        refuse=lambda: not_veracross(NOT_AN_ANSWER),
        most_records=most_records,
    )


def page_reader(fields: Iterable[str], names: Mapping[str, str], most_records: int) -> PageReader:
    """Return the reader of v3's pages: records under `data`, and value lists.

    `names` are the names of fields that have another one in the record in the end.
    """
    list_of: Any = list
    typed_dict: Any = TypedDict  # its functional form, whose fields mypy can't know
    record = RecordType({"": frozenset(fields)}, "id", V3_STATUS + CAMPUS)
    lists = list[_ValueList] | None
    page = {"data": Required[list_of[record.type]], "value_lists": lists}
    raw_page = {"data": msgspec.Raw, "value_lists": lists}
    shape = PageShape(
        page=msgspec.json.Decoder(typed_dict("_Page", page, total=False)),
        raw_page=msgspec.json.Decoder(typed_dict("_RawPage", raw_page, total=False)),
        path=("data",),
        fields=names,
    )
    return PageReader(
        name="Veracross",
        shape=shape,
        record=record,
        refuse=lambda: not_veracross(NOT_AN_ANSWER),
        most_records=most_records,
    )


class SingleReader:
    """Reads an answer about one student, whose record is under `holder`, or is the whole answer.

    Clients of v2 disagree which of the two comes (clients).
    """

    def __init__(self, holder: str, fields: Iterable[str], status: Iterable[str]) -> None:
        typed_dict: Any = TypedDict
        student = record_type("_Student", fields, {*status, *CAMPUS, "exit_date"})
        types = {**student.__annotations__, holder: student}
        self._holder = holder
        self._decoder = msgspec.json.Decoder(typed_dict("_Single", types, total=False))

    def read(self, body: bytes) -> Record:
        """Return the record. Raises UnexpectedShape."""
        answer: Record = decoded_answer(self._decoder, body)
        record: Record = answer.get(self._holder, answer)
        return record


def status_text(raw: "msgspec.Raw | bytes") -> str:
    """Return the status of a student as a person reads it; "" for none or another shape."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return short_text(value) if isinstance(value, str | int) else ""


class ValueLists:
    """The school's own value lists, which say what the codes in its records mean."""

    def __init__(self) -> None:
        self._items: dict[str, dict[str, _Item]] = {}

    def add(self, value_lists: Iterable[_ValueList]) -> None:
        for value_list in value_lists:
            items = {str(item.get("id")): item for item in value_list.get("items") or ()}
            for field in value_list.get("fields", ()):
                self._items.setdefault(field, {}).update(items)

    def has(self, field: str) -> bool:
        return field in self._items

    def label(self, field: str, code: str) -> str:
        """Return the label of a code; "" for none, and for one that means "not set"."""
        label = str(self._items.get(field, {}).get(code, {}).get("description") or "").strip()
        return "" if label.casefold() in NO_LABEL else short_text(label)

    def replace_code(self, record: Record, field: str) -> None:
        """Replace the code in this field by its label.

        "Not set" becomes None. An unknown code is removed, because nobody knows what it means.
        """
        code = record[field]
        number = re.fullmatch(r"\s*(-?\d+)(?:\.0)?\s*", str(code), re.ASCII)
        item = self._items.get(field, {}).get(number[1] if number else str(code))
        if item is not None:
            label = str(item.get("description") or "").strip()
            record[field] = None if label.casefold() in NO_LABEL else label
        elif number:
            del record[field]
            if field == "grade_level":  # with words: a bare number would be taken for the grade
                record[field] = f"code {number[1]}, which is not in the list of grades"

    def future_roles(self) -> list[str]:
        """Return the ids of the roles for future students.

        Schools may number and name their roles as they like (clients).
        """
        ids = []
        for code, item in self._items.get("role", {}).items():
            is_future = str(item.get("description")).casefold().startswith("future student")
            if is_future and not item.get("obsolete"):
                ids.append(code)
        return ids


def decoded_answer(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    """Return the decoded body. Raises UnexpectedShape."""
    return decoded(decoder, body, lambda: not_veracross(NOT_AN_ANSWER))


def iso_date(value: Scalar) -> Scalar:
    """Return a date like `May 17 2011` as `2011-05-17`, and every other value unchanged.

    One API description has the first form, the other the second (both spec).
    """
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", value.strip())
    if match is None or match[1].lower() not in MONTHS:
        return value
    return f"{match[3]}-{MONTHS.index(match[1].lower()) + 1:02d}-{int(match[2]):02d}"


def error_word(response: Response) -> str:
    """Return the word for the error in a body; it must not be repeated to anybody."""
    try:
        return str(_PROBLEM.decode(response.body).get("error"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def scope_missing() -> PermissionMissing:
    """Return the error for an OAuth application without the right to read students."""
    remedy = _(
        "In Veracross, switch on the scope {scope} of the OAuth application. Only somebody with "
        "the role OAuth_App_Admin can do it."
    )
    return PermissionMissing(
        _(
            "Veracross accepts our sign-in, but the OAuth application has no right to read "
            "students."
        ),
        Phrase(remedy, scope=SCOPE),
    )


def raise_for_status(response: Response, url: str) -> NoReturn:
    """Raise the error that a status other than 200, 401 and 403 stands for."""
    if response.status == 404:
        raise RouteUnknown(_("Veracross knows no school with this route."), CHECK_ROUTE)
    if response.status in {301, 302, 303, 307, 308}:
        host = redirect_host(response.headers.get("location", ""), url)
        if host != urlsplit(url).hostname:
            what = _("Veracross sends us on to {host}, and we don't send your credentials there.")
            raise AddressRefused(Phrase(what, host=host), CHECK_ROUTE)
    what = _("The answer (status {status}) is not what Veracross answers.")
    raise not_veracross(Phrase(what, status=response.status))


def not_veracross(what: str) -> UnexpectedShape:
    """Return the error for an answer that Veracross does not give."""
    return UnexpectedShape(
        what,
        _(
            "Run it again. If it stays so, ask Veracross whether its API is in maintenance, and "
            "check the school route."
        ),
    )
