"""What an upload looks like before it is planned: its columns, sample values, dates and words."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from rollbook.roster.sheets.columns import column_letter, guess_columns, repeated_headings
from rollbook.roster.sheets.date_orders import DateGuess
from rollbook.roster.sheets.full_names import account_fields, all_account_fields
from rollbook.roster.sheets.headings import heading_key
from rollbook.roster.sheets.rows import COLUMN_CHOICES, VALUE_MAP_FIELDS, is_understood, word_key
from rollbook.roster.sheets.upload_template import REASON_COLUMN
from rollbook.schools import clock
from rollbook.schools.clock import local_day
from rollbook.sources.spreadsheet.reader import HEADER_SEARCH_ROWS
from rollbook.sources.spreadsheet.rows import EncodingCandidate, Row, Sheet
from rollbook.sync.models import ColumnMemory, Upload
from rollbook.sync.uploads.column_memory import column_keys, date_guess, meanings_of, memory_of
from rollbook.sync.uploads.doubts import SAMPLE_ROWS, doubts
from rollbook.sync.uploads.sheets import (
    count_below,
    first_rows_below,
    header_row_of,
    headings_of,
    sheet_of,
)

SAMPLES: Final = 3  # values of a column that are shown
LONGEST_SAMPLE: Final = 80  # characters
MOST_WORDS: Final = 100  # distinct words of one column that a person is asked about


class Column(NamedTuple):
    """One column. `position` counts from 0, `letter` is Excel's, `field` is None if ignored.

    `saved` for the choice of a person, `remembered` for that of an earlier file. `doubt` says why
    the field that an earlier file had is not taken.
    """

    position: int
    letter: str
    name: str
    field: str | None
    saved: bool
    remembered: bool
    guessed: bool
    samples: list[str]
    doubt: str = ""


class Word(NamedTuple):
    """A word for gender, grade or Active that is not understood. `meaning` is None if unknown."""

    column: int
    field: str
    text: str
    times: int
    meaning: str | None


class Inspection(NamedTuple):
    """Everything that a person needs to choose settings and columns.

    `header_row` is the number of the row with the headings, None if there is none; `rows` counts
    those below it. `header_candidates` are (number, cells). `repeated` are the positions of
    columns with the same heading. `encodings` are the candidates where nobody chose one and several
    are plausible. `hidden_rows` counts the hidden rows, and `asks_hidden_rows` says that nobody
    decided yet whether they are read.
    """

    kind: str
    sheets: tuple[str, ...]
    sheet: str
    encoding: str | None
    delimiter: str | None
    notes: tuple[str, ...]
    rows: int
    header_row: int | None
    header_candidates: list[tuple[int, list[str]]]
    columns: list[Column]
    date_guess: DateGuess
    repeated: dict[str, tuple[int, ...]]
    values_to_map: list[Word]
    encodings: tuple[EncodingCandidate, ...]
    hidden_rows: int
    asks_hidden_rows: bool

    @property
    def open_repeats(self) -> dict[str, tuple[int, ...]]:
        """The repeated headings of which nobody chose a column."""
        undecided = {
            column.position for column in self.columns if not column.saved and not column.remembered
        }
        filling = {column.position for column in self.columns if column.field}
        return {
            name: positions
            for name, positions in self.repeated.items()
            if undecided.intersection(positions) and filling.intersection(positions)
        }


def inspect(upload: Upload, sheet: Sheet | None = None) -> Inspection:
    """Return what an upload looks like. Raises an `UploadRefused` if it cannot be read as set."""
    sheet = sheet or sheet_of(upload)
    top = sheet.rows[:HEADER_SEARCH_ROWS]
    header_row = header_row_of(upload, sheet)
    header = headings_of(sheet, header_row)
    memory = memory_of(upload)
    below = first_rows_below(sheet, header_row or 0)
    columns = _columns(upload, memory, header, below) if header else []
    birth_dates = next((each.position for each in columns if each.field == "birth_date"), None)
    student_rows = [row for row in sheet.rows if row.number > (header_row or 0)]
    return Inspection(
        kind=sheet.kind,
        sheets=sheet.sheets,
        sheet=sheet.sheet,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        notes=sheet.notes,
        rows=count_below(sheet, header_row or 0),
        header_row=header_row if header else None,
        header_candidates=[(row.number, [cell or "" for cell in row.cells]) for row in top],
        columns=columns,
        date_guess=date_guess(below, birth_dates, header or [], memory),
        repeated=repeated_headings(header) if header else {},
        values_to_map=_unknown_words(student_rows, columns, meanings_of(upload, memory)),
        encodings=sheet.encodings,
        hidden_rows=sheet.hidden_rows,
        asks_hidden_rows=bool(sheet.hidden_rows and not upload.settings.get("hidden_rows")),
    )


def _columns(
    upload: Upload, memory: ColumnMemory, header: list[str | None], below: list[Row]
) -> list[Column]:
    saved = {int(index): field for index, field in upload.columns.get("fields", {}).items()}
    remembered = _remembered(memory, header, saved)
    doubted = doubts(upload, memory, header, below, remembered)
    for position in doubted:
        del remembered[position]
    chosen = {**remembered, **saved}
    today = local_day(clock.now(), upload.school)
    guesses = {} if saved else _guesses(header, below, chosen, today)
    columns = []
    for position, heading in enumerate(header):
        samples = _samples(below, position)
        if not heading and not samples and position not in saved:
            continue
        guess = guesses.get(position)
        column = Column(
            position=position,
            letter=column_letter(position),
            name=(heading or "").strip(),
            field=chosen.get(position, guess),
            saved=position in saved,
            remembered=position in remembered,
            guessed=bool(guess),
            samples=samples,
            doubt=doubted.get(position, ""),
        )
        columns.append(column)
    return columns


def _remembered(
    memory: ColumnMemory, header: list[str | None], saved: dict[int, str | None]
) -> dict[int, str | None]:
    """Return the fields that the school chose before; the column with our reasons is ignored."""
    remembered: dict[int, str | None] = {}
    for position, key in enumerate(column_keys(header)):
        if key in memory.fields and header[position] and position not in saved:
            field = memory.fields[key]
            remembered[position] = field if field in COLUMN_CHOICES else None
        elif key == heading_key(REASON_COLUMN):
            remembered[position] = None
    return remembered


def _guesses(
    header: list[str | None], below: list[Row], chosen: dict[int, str | None], today: date
) -> dict[int, str | None]:
    """Return the guessed fields of columns that nobody chose, each field once."""
    taken = set(all_account_fields(chosen.values()))
    guesses = guess_columns(header, [row.cells for row in below[:SAMPLE_ROWS]], today)
    return {
        position: field
        for position, field in guesses.items()
        if position not in chosen and taken.isdisjoint(account_fields(field))
    }


def _samples(below: list[Row], position: int) -> list[str]:
    cells = [row.cells[position] for row in below[:SAMPLE_ROWS]]
    return [cell[:LONGEST_SAMPLE] for cell in cells if cell][:SAMPLES]


def _unknown_words(
    rows: Iterable[Row], columns: Sequence[Column], meanings: dict[str, dict[str, str]]
) -> list[Word]:
    rows = list(rows)
    words: list[Word] = []
    for column in columns:
        if column.field not in VALUE_MAP_FIELDS:
            continue
        known = meanings.get(column.field, {})
        for key, (text, times) in _count_unknown(rows, column).items():
            words.append(Word(column.position, column.field, text, times, known.get(key)))
    return words


def _count_unknown(rows: list[Row], column: Column) -> dict[str, tuple[str, int]]:
    """Return the first spelling and the number of each word that is not understood."""
    counts: dict[str, tuple[str, int]] = {}
    for row in rows:
        text = (row.cells[column.position] or "").strip()
        if text and not is_understood(column.field or "", text, column.name):
            spelling, times = counts.get(word_key(text), (text, 0))
            counts[word_key(text)] = (spelling, times + 1)
            if len(counts) > MOST_WORDS:
                break
    return counts
