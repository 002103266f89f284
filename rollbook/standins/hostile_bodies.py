"""Pages of PowerSchool that would take much memory, for measuring what a client makes of them."""

from collections.abc import Callable, Iterator
from typing import Final

FULL: Final = 19_900_000  # bytes; a client reads at most 20 MB
_FRAME: Final = b'{"students":{"student":[%b]}}'
_STUDENT: Final = (
    b'{"id":%d,"local_id":%d,"name":{"first_name":"%b","last_name":"Byron"},'
    b'"contact_info":{"email":"a%d@x.example"},"school_enrollment":{"grade_level":9},'
    b'"demographics":{"gender":"F","birth_date":"2010-05-17","projected_graduation_year":2028}}'
)


def _student(number: int, name: bytes = b"Ada") -> bytes:
    return _STUDENT % (number, number, name, number)


def _numbers(page: int, count: int) -> Iterator[int]:
    return iter(range(page * 1_000_000, page * 1_000_000 + count))


def _tiny(page: int, count: int) -> bytes:
    return _FRAME % b",".join(b'{"id":%d}' % number for number in _numbers(page, count))


def _students(page: int, count: int, name: bytes = b"Ada") -> bytes:
    return _FRAME % b",".join(_student(number, name) for number in _numbers(page, count))


def _changed(page: int, count: int, old: bytes, new: bytes) -> bytes:
    return _students(page, count).replace(old, new)


def _many_keys(page: int) -> bytes:
    keys = b",".join(b'"k%d":1' % number for number in range(900_000))
    return _FRAME % (b'{"id":%d,%b}' % (page, keys))


_NAME: Final = b'"first_name":"Ada"'
_EMOJI: Final = "🦊".encode()
_NEST: Final = b"[" * 500 + b"]" * 500
# By name: what makes the body of a page.
BODIES: Final[dict[str, Callable[[int], bytes]]] = {
    "usual pages": lambda page: _students(page, 1_000),
    "199,000 tiny records": lambda page: _tiny(page, 199_000),
    "20,000 tiny records": lambda page: _tiny(page, 20_000),
    "20,000 whole records": lambda page: _students(page, 20_000),
    "pages just below their share": lambda page: _students(page, 5_500),
    "one long text": lambda page: _students(page, 1, b"x" * FULL),
    "one long text with an emoji": lambda page: _students(page, 1, b"x" * FULL + _EMOJI),
    "long texts with emojis": lambda page: _students(page, 9_000, b"x" * 1_900 + _EMOJI),
    "texts in escapes": lambda page: _students(page, 9_000, rb"\u00e9" * 320),
    "900,000 keys": _many_keys,
    "19 MB of unknown fields": lambda page: _changed(
        page, 1_000, b'"local_id"', b'"note":"%b","local_id"' % (b"x" * 19_000)
    ),
    "20 MB of brackets": lambda page: _FRAME % (b"[" * FULL),
    "deep nesting in each record": lambda page: _changed(
        page, 390, _NAME, b'"first_name":' + _NEST
    ),
    "one number of 19 million digits": lambda page: _FRAME % (b'{"id":%b}' % (b"9" * FULL)),
    "no JSON in each record": lambda page: _changed(page, 15_000, _NAME, b'"first_name":NaN'),
    "each name twice": lambda page: _changed(
        page, 15_000, _NAME, b'"first_name":"Ada","first_name":"Eve"'
    ),
    "tiny chunks": lambda page: _students(page, 1_000),
    "100,000 headers": lambda page: _students(page, 1_000),
    "a header of 20 MB": lambda page: _students(page, 1_000),
}
