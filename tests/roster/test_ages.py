"""A date of birth that makes a student younger than 2 or older than 25 is a warning."""

from datetime import date

import pytest

from rollbook.roster.records import Severity
from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.roster.sheets.rows import MatchedColumn, RowMapper, SheetCells
from rollbook.roster.values.dates import is_unlikely_birth_date
from tests.roster.model import mapper, raw

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("born", "graduation_year", "today", "unlikely"),
    [
        (date(2010, 5, 3), 2028, TODAY, False),
        (date(1910, 5, 3), 2028, TODAY, True),
        (date(2026, 5, 3), 2028, TODAY, True),
        (date(2026, 5, 3), 2044, TODAY, True),
        (date(2027, 5, 3), 2044, TODAY, True),
        (date(2024, 11, 27), 2042, TODAY, False),
        (date(2024, 11, 28), 2042, TODAY, True),
        (date(2000, 11, 28), None, TODAY, False),
        (date(2000, 11, 27), None, TODAY, True),
        (date(1992, 5, 3), 2010, TODAY, False),  # who graduated long ago was 18 then
        (date(1980, 5, 3), 2010, TODAY, True),
        (date(1990, 5, 3), 2028, None, True),
        (date(1990, 5, 3), None, None, False),
    ],
)
def test_an_age_outside_2_to_25_is_unlikely(
    born: date, graduation_year: int | None, today: date | None, unlikely: bool
) -> None:
    assert is_unlikely_birth_date(born, graduation_year, today) is unlikely


def test_a_record_with_an_unlikely_birth_date_is_mapped_with_a_warning() -> None:
    mapped = mapper().map(raw(born="1910-12-10"))
    assert [(each.code, each.severity) for each in mapped.issues] == [
        ("birth_date_unlikely", Severity.WARNING)
    ]
    assert mapped.record is not None
    assert mapped.record.birth_date == date(1910, 12, 10)


def test_a_row_with_an_unlikely_birth_date_goes_in_with_a_warning() -> None:
    columns = [MatchedColumn(0, "Born", "birth_date"), MatchedColumn(1, "Email", "email")]
    rows = RowMapper(columns, DateOrder.DAY_MONTH_YEAR, {}, False, {}, TODAY)
    row = rows.map(SheetCells(2, ["2026-09-01", "a@x.example"]))
    assert [(each.code, each.severity) for each in row.issues] == [
        ("birth_date_unlikely", Severity.WARNING)
    ]
    assert row.values["birth_date"] == date(2026, 9, 1)
    assert not row.skipped
