"""Reads --map and --word of `rollbook upload`: what columns and words of a file mean."""

from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Refusal
from rollbook.roster.sheets.headings import heading_key
from rollbook.roster.sheets.rows import COLUMN_CHOICES
from rollbook.sync.uploads.inspection import Column, Inspection

IGNORE = "ignore"


def fields_by_column(seen: Inspection, maps: tuple[str, ...]) -> dict[int, str | None]:
    """Return the field of each column in --map by the column's index; None ignores it."""
    fields: dict[int, str | None] = {}
    for pair in maps:
        name, equals, field = pair.rpartition("=")
        if not equals:
            raise _no_column(seen, pair)
        position = _column(seen, name).position
        field = field.strip()
        if field not in (*COLUMN_CHOICES, IGNORE, ""):
            raise Refusal(
                Exit.REFUSED,
                "field_unknown",
                f"There is no field {field!r}. No account was changed.",
                f"The fields are: {', '.join(COLUMN_CHOICES)}, {IGNORE}.",
            )
        fields[position] = field if field not in {IGNORE, ""} else None
    return fields


def _column(seen: Inspection, name: str) -> Column:
    """Return the one column with this name, as in the file or nearly so, or with this letter."""
    columns = _named(seen.columns, name)
    if not columns:
        raise _no_column(seen, name)
    if len(columns) > 1:
        letters = ", ".join(column.letter for column in columns)
        raise Refusal(
            Exit.REFUSED,
            "column_repeated",
            f"More than one column is named {name!r}. No account was changed.",
            f"Give its letter instead: {letters}.",
        )
    return columns[0]


def _named(columns: list[Column], name: str) -> list[Column]:
    exact = [column for column in columns if column.name == name.strip()]
    key = heading_key(name)
    similar = [column for column in columns if key and heading_key(column.name) == key]
    by_letter = [column for column in columns if column.letter == name.strip().upper()]
    return exact or similar or by_letter


def _no_column(seen: Inspection, name: str) -> Refusal:
    names = ", ".join(f"{column.name} ({column.letter})" for column in seen.columns)
    return Refusal(
        Exit.REFUSED,
        "column_unknown",
        f"The file has no column {name!r}. No account was changed.",
        f"Its columns are: {names}.",
    )


def word_meanings(words: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return the meanings of words in --word, by field and word."""
    meanings: dict[str, dict[str, str]] = {}
    for text in words:
        field, colon, pair = text.partition(":")
        word, equals, meaning = pair.rpartition("=")
        if not colon or not equals:
            raise Refusal(
                Exit.REFUSED,
                "pair_unknown",
                f"--word has to be FIELD:WORD=MEANING, not {text!r}. No account was changed.",
                "Write it like --word gender:weibl.=Female",
            )
        meanings.setdefault(field.strip(), {})[word] = meaning.strip()
    return meanings
