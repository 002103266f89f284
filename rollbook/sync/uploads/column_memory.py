"""What a school chose for the columns of earlier files, and how it is kept for the next one."""

from collections.abc import Collection, Mapping, Sequence

from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.roster.sheets.date_orders import DateGuess, guess_date_order
from rollbook.roster.sheets.headings import heading_key
from rollbook.roster.sheets.rows import word_key
from rollbook.sources.spreadsheet.rows import Row
from rollbook.sync.models import ColumnMemory, Upload

# What the words of a school mean: by field, then by word.
ValueMaps = Mapping[str, Mapping[str, str]]


def memory_of(upload: Upload) -> ColumnMemory:
    """Return what the school chose before, or an empty memory."""
    memory = ColumnMemory.objects.filter(school_id=upload.school_id).first()
    return memory or ColumnMemory(school_id=upload.school_id)


def remember(
    upload: Upload,
    *,
    fields: Mapping[str, str | None] | None = None,
    confirmed: Collection[str] = (),
    value_maps: ValueMaps | None = None,
    date_order: str = "",
) -> None:
    """Keep what the school chose, for the next file. `fields` are by column key.

    `confirmed` are the keys of fields that a person chose although our rules speak against them.
    """
    memory, _created = ColumnMemory.objects.select_for_update().get_or_create(
        school_id=upload.school_id
    )
    fields = fields or {}
    chosen = {field for field in fields.values() if field}
    others = {key: field for key, field in memory.fields.items() if field not in chosen}
    memory.fields = {**others, **fields}
    memory.confirmed |= {key: fields[key] for key in confirmed}
    for field, words in (value_maps or {}).items():
        memory.value_maps[field] = {**memory.value_maps.get(field, {}), **words}
    memory.date_order = date_order or memory.date_order
    memory.save()


def column_keys(header: Sequence[str | None]) -> list[str]:
    """Return by what each column is remembered: its bare heading, numbered if it repeats."""
    repeats: dict[str, int] = {}
    keys = []
    for heading in header:
        key = heading_key(heading) or (heading or "").strip()
        repeats[key] = repeats.get(key, 0) + 1
        keys.append(key if repeats[key] == 1 else f"{key}#{repeats[key]}")
    return keys


def meanings_of(upload: Upload, memory: ColumnMemory) -> dict[str, dict[str, str]]:
    """Return what the school's words mean: as chosen for this upload, else as remembered."""
    chosen = upload.columns.get("value_maps", {})
    meanings = {}
    for field in {*memory.value_maps, *chosen}:
        words = {**memory.value_maps.get(field, {}), **chosen.get(field, {})}
        meanings[field] = {word_key(word): meaning for word, meaning in words.items()}
    return meanings


def date_guess(
    rows: Sequence[Row], column: int | None, header: Sequence[str | None], memory: ColumnMemory
) -> DateGuess:
    """Return in which order the dates of a column are written.

    Cells that are dates in the spreadsheet program need none.
    """
    usual = DateOrder.MONTH_DAY_YEAR
    if memory.date_order in set(DateOrder):
        usual = DateOrder(memory.date_order)
    texts = []
    if column is not None:
        texts = [row.cells[column] for row in rows if column not in row.dates]
    heading = header[column] if column is not None else None
    guess = guess_date_order(texts, usual, heading)
    return guess._replace(ambiguous=False) if guess.ambiguous and memory.date_order else guess
