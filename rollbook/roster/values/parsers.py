"""The parser of each field, for records of a SIS, rows of a file and values typed by hand."""

from collections.abc import Callable
from typing import Any, Final

from rollbook.roster.fields import REQUIRED_FIELDS, STUDENT_FIELDS
from rollbook.roster.values.blanks import is_empty_word
from rollbook.roster.values.identifiers import sent_id
from rollbook.roster.values.names import personal_name
from rollbook.roster.values.parsing import birth_date, email, graduation_year, text

Parser = Callable[[Any, int], Any]
_BY_KIND: Final[dict[str, Parser]] = {
    "identifier": sent_id,
    "name": personal_name,
    "text": text,
    "gender": text,
    "email": email,
    "date": birth_date,
    "graduation_year": graduation_year,
}


def _optional(parse: Parser) -> Parser:
    """Return a parser for which NULL, N/A and the like are blank."""

    def parse_optional(value: Any, limit: int) -> Any:
        if type(value) is str and is_empty_word(value.strip()):
            return None
        return parse(value, limit)

    return parse_optional


def _parser(key: str) -> Parser:
    parse = _BY_KIND[STUDENT_FIELDS[key].kind]
    return parse if key in REQUIRED_FIELDS else _optional(parse)


# By field. A parser takes the raw value and the field's limit.
PARSERS: Final[dict[str, Parser]] = {key: _parser(key) for key in STUDENT_FIELDS}
