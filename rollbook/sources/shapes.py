"""Reads JSON by its shape: a type names the few fields that are needed.

The rest is skipped while decoding and never held in memory.
"""

from collections.abc import Callable, Iterable
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


def record_type(name: str, fields: Iterable[str]) -> Any:
    """Return a type of records with these fields, each of which may be missing."""
    typed_dict: Any = TypedDict  # its functional form, whose fields mypy can't know
    return typed_dict(name, dict.fromkeys(sorted(fields), Scalar), total=False)


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
