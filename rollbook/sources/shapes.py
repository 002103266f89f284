"""JSON read by its shape: a type names the few fields that are wanted, the rest is skipped while decoding and never held."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypedDict, TypeVar

import msgspec

from rollbook.sources.errors import SourceError, UnexpectedShape

T = TypeVar("T")
Scalar = str | int | float | bool | None
MOST_OBJECTS: Final = 200_000  # in one answer: 20 MB of "{}" would unpack to a gigabyte
MOST_VALUES: Final = 1_000_000  # likewise: 20 MB of short texts unpack to a quarter of one


def record_type(name: str, fields: Iterable[str]) -> Any:
    """A type of records with these fields, each of which may be missing."""
    made: Any = TypedDict  # its functional form, whose fields mypy can't know
    return made(name, dict.fromkeys(sorted(fields), Scalar), total=False)


def decoded(
    decoder: "msgspec.json.Decoder[T]", body: bytes, refuse: Callable[[], SourceError]
) -> T:
    """The decoded body; raises what `refuse` makes where it has another shape. Nothing of the body is in the error."""
    if body.count(b"{") > MOST_OBJECTS or body.count(b",") > MOST_VALUES:
        raise refuse()
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise refuse() from None


def read_patiently(ask: Callable[[], bytes], decode: Callable[[bytes], T]) -> T:
    """Ask once more where the answer can't be read: something between us may have cut it, or put a page of its own in its place."""
    body = ask()
    try:
        return decode(body)
    except UnexpectedShape:
        return decode(ask())
