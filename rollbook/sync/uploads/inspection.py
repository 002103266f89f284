"""What is seen in an upload before anything is planned: its columns with what they seem to fill, sample values, the order of its dates."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.cell_values import DateOrder
from rollbook.roster.columns import (
    column_letter,
    guess_columns,
    guess_header_row,
    heading_key,
    repeated_headings,
)
from rollbook.roster.date_orders import DateGuess, guess_date_order
from rollbook.roster.sheet_rows import UPLOAD_FIELDS, VALUE_MAP_FIELDS, is_understood, word_key
from rollbook.roster.upload_template import REASON_COLUMN
from rollbook.sources.spreadsheet.errors import TooManyRows
from rollbook.sources.spreadsheet.reader import HEADER_SEARCH_ROWS, read_sheet
from rollbook.sources.spreadsheet.rows import Row, Sheet, UploadBounds
from rollbook.sync.models import ColumnMemory, Upload

SAMPLE_ROWS: Final = 200  # below the header, from which a column's content is guessed
DATE_ROWS: Final = 5_000
MOST_WORDS: Final = 100  # distinct words of one column that a person is asked about
MOST_SAMPLE: Final = 80  # characters


class Column(NamedTuple):
    """One column. `position` counts from 0, `letter` is Excel's. `field` is None for an ignored one; `saved` where a person chose it."""

    position: int
    letter: str
    name: str
    field: str | None
    saved: bool
    remembered: bool
    guessed: bool
    samples: list[str]


class Word(NamedTuple):
    """A word of a column for gender, grade or Active that is not understood. `meaning` is what was chosen, None where nothing was yet."""

    column: int
    field: str
    text: str
    times: int
    meaning: str | None


class Look(NamedTuple):
    """`header_row` is a row number of the spreadsheet program, None where no row names columns; `header_candidates` are (number, cells)."""

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

    @property
    def open_repeats(self) -> dict[str, tuple[int, ...]]:
        """Names that several columns bear while nobody said which of them counts."""
        undecided = {
            column.position for column in self.columns if not column.saved and not column.remembered
        }
        filled = {column.position for column in self.columns if column.field}
        return {
            name: places
            for name, places in self.repeated.items()
            if undecided.intersection(places) and filled.intersection(places)
        }


def bounds() -> UploadBounds:
    """The installation's limits on a file."""
    return UploadBounds(
        file_bytes=config.upload_bytes,
        unpacked_bytes=config.upload_unpacked_bytes,
        rows=config.upload_rows + HEADER_SEARCH_ROWS,  # those above the students aren't counted
        columns=config.upload_columns,
        cpu_seconds=config.upload_cpu_seconds,
    )


def sheet_of(upload: Upload) -> Sheet:
    """The sheet as it is set to be read. Raises an `UploadRefused`."""
    chosen = {key: upload.settings.get(key) for key in ("sheet", "encoding", "delimiter")}
    try:
        sheet = read_sheet(bytes(upload.content), upload.file_name, **chosen, bounds=bounds())
    except TooManyRows as refused:
        raise _too_many_rows() from refused
    if len(sheet.rows) > config.upload_rows:
        header_row = (
            upload.columns.get("header_row")
            or upload.settings.get("header_row")
            or _guessed_row(sheet.rows[:HEADER_SEARCH_ROWS])
            or 0
        )
        if sum(1 for row in sheet.rows if row.number > header_row) > config.upload_rows:
            raise _too_many_rows()
    return sheet


def _too_many_rows() -> TooManyRows:
    return TooManyRows(
        _("The sheet has more than %(rows)s rows of students.")
        % {"rows": f"{config.upload_rows:,}"},
        _(
            "Split it into several files. If there are fewer students, delete the cells below the table."
        ),
    )


def memory_of(upload: Upload) -> ColumnMemory:
    return ColumnMemory.objects.filter(school_id=upload.school_id).first() or ColumnMemory(
        school_id=upload.school_id
    )


def look(upload: Upload, sheet: Sheet | None = None) -> Look:
    """Everything a person decides from. Raises an `UploadRefused` where the file can't be read as it is set."""
    sheet = sheet or sheet_of(upload)
    top = sheet.rows[:HEADER_SEARCH_ROWS]
    header_row = (
        upload.columns.get("header_row") or upload.settings.get("header_row") or _guessed_row(top)
    )
    header = next((row.cells for row in top if row.number == header_row), None)
    memory = memory_of(upload)
    below = rows_below(sheet, header_row or 0)
    columns = _columns(upload, memory, header, below) if header else []
    return Look(
        sheet.kind,
        sheet.sheets,
        sheet.sheet,
        sheet.encoding,
        sheet.delimiter,
        sheet.notes,
        sum(1 for row in sheet.rows if row.number > (header_row or 0)),
        header_row if header else None,
        [(row.number, [cell or "" for cell in row.cells]) for row in top],
        columns,
        dates_of(
            below,
            next((each.position for each in columns if each.field == "birth_date"), None),
            memory,
        ),
        repeated_headings(header) if header else {},
        _words(upload, memory, columns, sheet, header_row or 0),
    )


def rows_below(sheet: Sheet, header_row: int) -> list[Row]:
    """The first rows under the header, as many as guesses are made from."""
    return [row for row in sheet.rows[: HEADER_SEARCH_ROWS + DATE_ROWS] if row.number > header_row]


def _guessed_row(top: Sequence[Row]) -> int | None:
    found = guess_header_row([row.cells for row in top])
    return None if found is None else top[found].number


def column_keys(header: Sequence[str | None]) -> list[str]:
    """By what each column is remembered: its bare name; the second of one name is another one."""
    seen: dict[str, int] = {}
    keys = []
    for name in header:
        bare = heading_key(name) or (name or "").strip()
        seen[bare] = seen.get(bare, 0) + 1
        keys.append(bare if seen[bare] == 1 else f"{bare}#{seen[bare]}")
    return keys


def _columns(
    upload: Upload, memory: ColumnMemory, header: list[str | None], below: list[Row]
) -> list[Column]:
    keys = column_keys(header)
    saved = {int(index): field for index, field in upload.columns.get("fields", {}).items()}
    remembered = {
        index: memory.fields[key]
        for index, key in enumerate(keys)
        if key in memory.fields and header[index] and index not in saved
    }
    remembered = {
        index: field if field in UPLOAD_FIELDS else None for index, field in remembered.items()
    }
    chosen: dict[int, str | None] = remembered | saved
    reasons = {index for index, key in enumerate(keys) if key == heading_key(REASON_COLUMN)}
    taken = {field for field in chosen.values() if field}
    guesses = {} if saved else guess_columns(header, [row.cells for row in below[:SAMPLE_ROWS]])
    columns = []
    for index, name in enumerate(header):
        guess = guesses.get(index) if index not in chosen and index not in reasons else None
        guess = None if guess in taken else guess
        samples = [cell[:MOST_SAMPLE] for row in below[:SAMPLE_ROWS] if (cell := row.cells[index])][
            :3
        ]
        if not name and not samples and index not in saved:
            continue
        field = chosen.get(index, guess)
        columns.append(
            Column(
                index,
                column_letter(index),
                (name or "").strip(),
                field,
                index in saved,
                index in remembered or index in reasons,
                bool(guess),
                samples,
            )
        )
    return columns


def dates_of(rows: Sequence[Row], column: int | None, memory: ColumnMemory) -> DateGuess:
    """In which order the dates of a column are written; cells that are dates in the spreadsheet program need none."""
    usual = (
        DateOrder(memory.date_order)
        if memory.date_order in set(DateOrder)
        else DateOrder.MONTH_DAY_YEAR
    )
    written = (
        [] if column is None else [row.cells[column] for row in rows if column not in row.dates]
    )
    guess = guess_date_order(written, usual)
    return guess._replace(ambiguous=False) if guess.ambiguous and memory.date_order else guess


def _words(
    upload: Upload, memory: ColumnMemory, columns: Sequence[Column], sheet: Sheet, header_row: int
) -> list[Word]:
    words: list[Word] = []
    for column in columns:
        if column.field not in VALUE_MAP_FIELDS:
            continue
        counts: dict[str, tuple[str, int]] = {}
        for row in sheet.rows:
            text = (row.cells[column.position] or "").strip()
            if row.number > header_row and text and not is_understood(column.field, text):
                first, count = counts.get(word_key(text), (text, 0))
                counts[word_key(text)] = (first, count + 1)
                if len(counts) > MOST_WORDS:
                    break
        meanings = meanings_of(upload, memory).get(column.field, {})
        words += [
            Word(column.position, column.field, text, count, meanings.get(key))
            for key, (text, count) in counts.items()
        ]
    return words


def meanings_of(upload: Upload, memory: ColumnMemory) -> dict[str, dict[str, str]]:
    """What the school's own words mean, by field: as said for this upload, else as remembered."""
    chosen = upload.columns.get("value_maps", {})
    both = {
        field: {**memory.value_maps.get(field, {}), **chosen.get(field, {})}
        for field in {*memory.value_maps, *chosen}
    }
    return {
        field: {word_key(word): meaning for word, meaning in words.items()}
        for field, words in both.items()
    }
