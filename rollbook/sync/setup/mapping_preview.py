"""What the mapping makes of real students, before it is saved: stop 2 of the way of a record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.selecting import Choice, Selector, doubted_levels
from rollbook.roster.records import Selection
from rollbook.roster.values.parsers import PARSERS
from rollbook.roster.values.parsing import Unreadable
from rollbook.sources.discovery import Sample
from rollbook.sync.models import Integration
from rollbook.sync.words.fields import FIELD_LABELS, value_text
from rollbook.sync.words.text import word

STUDENTS_SHOWN: Final = 5
LONGEST_VALUE: Final = 100


class Cell(NamedTuple):
    """One value: as the SIS wrote it, and as it will be stored. `state` is ok, empty or invalid."""

    sent: str
    stored: str
    state: str


class FieldPreview(NamedTuple):
    """One row of the mapping with its values of the shown students.

    `empty` and `invalid` count the values of the whole sample.
    """

    field: str
    label: str
    required: bool
    cells: list[Cell]
    empty: int
    invalid: int


class MappingPreview(NamedTuple):
    """The mapping beside real students. `students` is how many the sample has."""

    rows: list[FieldPreview]
    students: int
    first: int

    @property
    def following(self) -> int:
        """The number of the first student after those that are shown; 0 begins anew."""
        following = self.first + STUDENTS_SHOWN
        return following if following < self.students else 0

    @property
    def shortcomings(self) -> list[FieldPreview]:
        """The required rows of which some students have no usable value."""
        return [row for row in self.rows if row.required and (row.empty or row.invalid)]


def preview(
    integration: Integration, sample: Sample, mapping: Sequence[tuple[str, str]], first: int = 0
) -> MappingPreview:
    """Return what a mapping makes of the sampled students that the integration selects.

    Where it selects fewer than are shown, all sampled students are taken.
    """
    selected = _selected(integration, sample.records)
    records = selected if len(selected) >= STUDENTS_SHOWN else sample.records
    first = first if 0 <= first < len(records) else 0
    rows = []
    required = {row.field for row in integration.variant_type.mapping if row.required}
    for source_field, field in mapping:
        cells = [_cell(field, _sent(record, source_field)) for record in records]
        states = [cell.state for cell in cells]
        rows.append(
            FieldPreview(
                field=field,
                label=word(FIELD_LABELS, field),
                required=field in required,
                cells=cells[first : first + STUDENTS_SHOWN],
                empty=states.count("empty"),
                invalid=states.count("invalid"),
            )
        )
    return MappingPreview(rows, len(records), first)


def _selected(integration: Integration, records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    selection = Selection(
        frozenset(integration.grades),
        {each["name"].casefold(): each["chosen"] for each in integration.grade_names},
        frozenset(each["key"] for each in integration.schools),
        doubted_levels(integration.grade_meanings),
    )
    source = integration.source_type
    selector = Selector(selection, source.grade_field, source.school_field)
    return [record for record in records if selector.choose(record) is Choice.IMPORTED]


def _sent(record: Mapping[str, Any], source_field: str) -> Any:
    """Return the value of a source field; of a user name with a domain, both together."""
    name, at, domain = source_field.partition("@")
    if source_field in record or not at:
        return record.get(source_field)
    user_name = record.get(name)
    return f"{user_name}@{domain}" if user_name else None


def _cell(field: str, value: Any) -> Cell:
    sent = "" if value is None else str(value)[:LONGEST_VALUE]
    try:
        stored = PARSERS[field](value, STUDENT_FIELDS[field].limit)
    except Unreadable:
        return Cell(sent, "", "invalid" if sent.strip() else "empty")
    if stored in (None, ""):
        return Cell(sent, "", "empty")
    return Cell(sent, value_text(field, stored), "ok")
