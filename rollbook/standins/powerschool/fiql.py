"""PowerSchool's search language: `field==value;other!=value`, `(A,P)`, `*`; it has no OR."""

import operator
import re
from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import unquote

_TERM = re.compile(
    r"\s*([A-Za-z_$][\w$.]*)\s*(==|!=|=(?:gt|ge|lt|le)=)(.*)", re.IGNORECASE | re.DOTALL
)
_SEPARATOR = re.compile(r";(?![^(]*\))")
_LETTERS = {"p": -1, "a": 0, "i": 1, "t": 2, "g": 3, "h": 4}
_OR = re.compile(r",\s*[A-Za-z_$][\w$.]*\s*=(?:=|(?:gt|ge|lt|le)=)", re.IGNORECASE)
NULL = "\\u0000"
"""The value that means absent (OD)."""

Test = Callable[[str | int | None], bool]


class QueryError(ValueError):
    """The search can't be read; the message says where."""


class WrongType(ValueError):
    """A value has another type than its field."""


class Term(NamedTuple):
    field: str
    operator: str
    values: tuple[str, ...]


def parse(text: str, value_lists: bool = True) -> list[Term]:
    """Return the terms of a search, all of which must be true. Raises QueryError."""
    return [_parse_term(part, value_lists) for part in _SEPARATOR.split(text) if part.strip()]


def _parse_term(part: str, value_lists: bool) -> Term:
    match = _TERM.fullmatch(part)
    if not match:
        raise QueryError(f"Invalid query expression {part!r}")
    field, relation, value = match[1], match[2].lower(), match[3].strip()
    if _OR.search(value):
        raise QueryError("OR is not allowed")
    if not value:
        raise QueryError(f"Empty value for {field}")
    values = [value]
    if value.startswith("(") and value.endswith(")"):
        if not value_lists:
            raise QueryError("Parentheses are not allowed")
        values = [item.strip() for item in value[1:-1].split(",")]
        if relation not in ("==", "!=") or not all(values):
            raise QueryError(f"Invalid list of values for {field}")
    return Term(field, relation, tuple(_plain(item) for item in values))


def _plain(value: str) -> str:
    """Return a value without quotes; it may be encoded once more than the query (OD)."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return unquote(value)


def condition(term: Term, kind: str) -> Test:
    """Return the test of a term for a value of this kind. Raises WrongType.

    Kinds: number, text, date, letter (a status).
    """
    if term.operator == "!=":
        equal = condition(term._replace(operator="=="), kind)
        return lambda value: not equal(value)
    if term.values == (NULL,) and term.operator == "==":
        return lambda value: value in (None, "")
    if kind == "letter":
        return _number_test(
            term._replace(values=tuple(str(_letter(value)) for value in term.values))
        )
    if kind == "number":
        return _number_test(term)
    if kind == "date":
        for value in term.values:
            _check_date(value, term.field)
        return _order_test(term.operator, term.values)
    if term.operator == "==":
        return _text_test(term.values)
    return _order_test(term.operator, term.values)


def _letter(value: str) -> int:
    if value.lower() not in _LETTERS:
        raise WrongType(f"Invalid enroll status '{value}'")
    return _LETTERS[value.lower()]


def _number_test(term: Term) -> Test:
    numbers = [_number(value, term.field) for value in term.values]
    if term.operator == "==":
        accepted = frozenset(numbers)
        return lambda value: value not in (None, "") and int(value or 0) in accepted
    edge = numbers[0]
    compare = _ORDER[term.operator]
    return lambda value: value not in (None, "") and compare(int(value or 0), edge)


def _number(value: str, field: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise WrongType(
            f"Invalid number '{value}' passed for comparison to number field {field}"
        ) from None


def _check_date(value: str, field: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise WrongType(
            f"Invalid date '{value}' passed for comparison to date field {field}"
        ) from None


def _text_test(values: tuple[str, ...]) -> Test:
    """Return a test for exactly one of the values, with case; `*` matches anything."""
    pattern = re.compile(
        "|".join(".*".join(map(re.escape, value.split("*"))) for value in values), re.DOTALL
    )
    return lambda value: value not in (None, "") and pattern.fullmatch(str(value)) is not None


def _order_test(relation: str, values: tuple[str, ...]) -> Test:
    if relation == "==":
        return lambda value: value in values
    compare = _ORDER[relation]
    return lambda value: value not in (None, "") and compare(str(value), values[0])


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=gt=": operator.gt,
    "=ge=": operator.ge,
    "=lt=": operator.lt,
    "=le=": operator.le,
}
