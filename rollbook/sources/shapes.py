"""Reads JSON by its shape: a type names the few fields that are needed.

The rest is skipped while decoding and never held in memory.
"""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final, TypedDict, TypeVar

import msgspec

from rollbook.sources.errors import SourceError, UnexpectedShape

T = TypeVar("T")
Scalar = str | int | float | bool | None
# What decoding an answer may raise.
UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
MOST_OBJECTS: Final = 200_000  # in one answer: 20 MB of "{}" would unpack to a gigabyte
MOST_VALUES: Final = (
    1_000_000  # in one answer: 20 MB of short texts unpack to a quarter of a gigabyte
)


def record_type(name: str, fields: Iterable[str], raw: Iterable[str] = ()) -> Any:
    """Return a type of records with these fields, each of which may be missing.

    Those in `raw` may have any shape: they come as the JSON that was sent.
    """
    typed_dict: Any = TypedDict  # its functional form, whose fields mypy can't know
    types = dict.fromkeys(sorted(fields), Scalar) | dict.fromkeys(raw, msgspec.Raw)
    return typed_dict(name, types, total=False)


def check_size(body: bytes, refuse: Callable[[], SourceError]) -> None:
    """Raise what `refuse` returns where a body would take too much memory when decoded."""
    objects, values = body.count(b"{") + body.count(b"["), body.count(b",")
    if objects > MOST_OBJECTS or values > MOST_VALUES:
        raise refuse()


def decoded(
    decoder: "msgspec.json.Decoder[T]", body: bytes, refuse: Callable[[], SourceError]
) -> T:
    """Return the decoded body; raise what `refuse` returns where the body has another shape.

    Nothing of the body is in the error.
    """
    check_size(body, refuse)
    try:
        return decoder.decode(body)
    except UNREADABLE:
        raise refuse() from None


def read_patiently(ask: Callable[[], bytes], decode: Callable[[bytes], T]) -> T:
    """Return what `decode` makes of an answer; ask a second time where it can't be read.

    Something between us and the SIS may have cut the answer, or put a page of its own in its place.
    """
    try:
        return decode(ask())
    except UnexpectedShape:
        pass  # outside of this, the error would keep the refused page in memory
    return decode(ask())


def short_text(value: object) -> str:
    """Return a word of the SIS for a person to read, without control characters; "" for none."""
    text = "" if value is None else str(value)[:60]
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def iso_day(value: object) -> str:
    """Return a date that is written as year-month-day; "" for anything else."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return ""


def is_number(sis_id: str) -> bool:
    """Return whether an id is a number, which can stand in an address as it is."""
    return sis_id.isascii() and sis_id.isdecimal() and len(sis_id) < 19
