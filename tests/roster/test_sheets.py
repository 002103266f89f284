"""Laws for every file: few ids and e-mails, so that everything contradicts everything."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.fields import ACTIVE
from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.roster.sheets.decided_rows import NewEmail, taken_emails
from rollbook.roster.sheets.matching import RowKeys, RowMatch, SheetCheck, SheetKey, check_sheet
from rollbook.roster.sheets.planning import status_after
from rollbook.roster.sheets.rows import UPLOAD_FIELDS, MatchedColumn, RowMapper, SheetCells
from rollbook.roster.sheets.upload_template import EXAMPLE

SIS_IDS, NUMBERS, ADDRESSES = ("S1", "S2", "S3"), ("N1", "N2", "N3"), ("a@x", "b@x", "c@x", "d@x")


def or_none(values: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


@st.composite
def accounts(draw: st.DrawFn) -> list[SheetKey]:
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), unique=True))
    return [
        SheetKey(bytes([n]), address, draw(or_none(SIS_IDS)), draw(or_none(NUMBERS)))
        for n, address in enumerate(addresses)
    ]


@st.composite
def files(draw: st.DrawFn) -> list[RowKeys]:
    values = st.tuples(
        or_none(SIS_IDS),
        or_none(NUMBERS),
        or_none(ADDRESSES),
        st.sampled_from([b"x", b"y"]),
        st.booleans(),
    )
    rows = draw(st.lists(values, max_size=6))
    return [
        RowKeys(
            number,
            sis_id,
            student_number,
            address,
            repr((sis_id, student_number, address, rest, skipped)).encode(),
            skipped,
        )
        for number, (sis_id, student_number, address, rest, skipped) in enumerate(rows, 2)
    ]


def new_emails(rows: list[RowKeys], check: SheetCheck) -> list[NewEmail]:
    emails = []
    for row in rows:
        match = check.matches.get(row.number)
        if match is None or row.email_key is None:
            continue
        account = match.account
        if account is None or account.email_key != row.email_key:
            emails.append(NewEmail(row.number, account and account.id, row.email_key))
    return emails


def addresses_after(existing: list[SheetKey], rows: list[RowKeys], check: SheetCheck) -> list[str]:
    """Return the e-mails of all accounts once the plan is applied."""
    of = {account.id: account.email_key for account in existing}
    new = []
    taken = taken_emails(new_emails(rows, check), check.holders)
    for row in rows:
        match: RowMatch | None = check.matches.get(row.number)
        if match is not None and row.email_key is not None and row.number not in taken:
            if match.account is None:
                new.append(row.email_key)
            else:
                of[match.account.id] = row.email_key
    return [*of.values(), *new]


@given(accounts(), files())
def test_no_address_belongs_to_two_and_no_account_is_named_twice(
    existing: list[SheetKey], rows: list[RowKeys]
) -> None:
    check = check_sheet(rows, existing)
    after = addresses_after(existing, rows, check)
    assert len(after) == len(set(after))
    named = [match.account.id for match in check.matches.values() if match.account is not None]
    assert len(named) == len(set(named))


@given(accounts(), files())
def test_every_row_is_decided_or_a_problem_or_a_repeat(
    existing: list[SheetKey], rows: list[RowKeys]
) -> None:
    check = check_sheet(rows, existing)
    for row in rows:
        ways = (row.number in check.matches) + (
            row.number in check.conflicts or row.number in check.repeats
        )
        assert ways == (
            0
            if row.skipped and row.number not in check.conflicts and row.number not in check.repeats
            else 1
        )
    addresses = {row.number: row.email_key for row in rows}
    assert check.sharing.keys() == {
        number
        for number, problem in check.conflicts.items()
        if problem == ("email_shared", "email")
    }
    assert all(
        {addresses[number] for number in numbers} == {addresses[one]}
        for one, numbers in check.sharing.items()
    )


@given(accounts(), files())
def test_the_order_of_the_rows_decides_nothing(
    existing: list[SheetKey], rows: list[RowKeys]
) -> None:
    def outcome(check: SheetCheck) -> list[Any]:
        by_digest = {row.number: row.digest for row in rows}
        going = {
            by_digest[number]: match.account and match.account.id
            for number, match in check.matches.items()
        }
        return [
            going,
            {by_digest[number] for number in check.conflicts if number not in check.repeats},
        ]

    assert outcome(check_sheet(rows, existing)) == outcome(check_sheet(rows[::-1], existing))


ALL = RowMapper(
    [MatchedColumn(position, field, field) for position, field in enumerate(UPLOAD_FIELDS)],
    DateOrder.DAY_MONTH_YEAR,
    {},
    True,
    EXAMPLE,
)


@given(
    st.lists(
        st.none() | st.text(max_size=20), min_size=len(UPLOAD_FIELDS), max_size=len(UPLOAD_FIELDS)
    )
)
def test_no_row_makes_the_mapper_raise_or_clears_what_is_required(texts: list[str | None]) -> None:
    row = ALL.map(SheetCells(7, texts))
    assert row.skipped or all(
        row.values.get(field, "") is not None
        for field in ("email", "first_name", "last_name", "sis_id")
    )
    assert all(issue.row_number == 7 for issue in row.issues)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("sis_id", "00417", "00417"),
        ("student_number", "20418.0", "20418"),
        ("birth_date", "40301", date(2010, 5, 3)),
        ("birth_date", "40301.0", date(2010, 5, 3)),
        ("birth_date", "3/5/2010", date(2010, 5, 3)),
        ("birth_date", "3 May 2010", date(2010, 5, 3)),
        ("birth_date", "2010-05-03T00:00:00", date(2010, 5, 3)),
        ("first_name", "'=Ada", "=Ada"),
        ("graduation_year", "2030.0", 2030),
        ("gender", " ", None),
    ],
)
def test_cells_are_read_as_a_person_means_them(field: str, text: str, value: Any) -> None:
    mapper = RowMapper(
        [MatchedColumn(0, field, field)], DateOrder.DAY_MONTH_YEAR, {}, False, EXAMPLE
    )
    assert mapper.map(SheetCells(2, [text])).values.get(field) == value


@pytest.mark.parametrize(
    ("active", "before", "after"),
    [
        (None, "left", "left"),
        (True, "left", "active"),
        (True, "deactivated", "active"),
        (False, "active", "deactivated"),
        (False, "graduated", "graduated"),
    ],
)
def test_active_opens_and_closes(active: bool | None, before: str, after: str) -> None:
    assert status_after(active, before) == after


def test_the_schools_own_words_have_the_meaning_it_chose() -> None:
    mapper = RowMapper(
        [MatchedColumn(0, "Status", ACTIVE)],
        DateOrder.DAY_MONTH_YEAR,
        {ACTIVE: {"enrolled": "TRUE", "away": ""}},
        False,
        EXAMPLE,
    )
    assert [mapper.map(SheetCells(2, [word])).active for word in ("Enrolled", "AWAY ", "yes")] == [
        True,
        None,
        True,
    ]


def test_an_id_in_a_cell_of_a_date_is_a_problem_of_its_row() -> None:
    columns = [MatchedColumn(0, "Student ID", "sis_id"), MatchedColumn(1, "First", "first_name")]
    rows = RowMapper(columns, DateOrder.DAY_MONTH_YEAR, {}, False, EXAMPLE)
    row = rows.map(SheetCells(2, ["2026-12-03", "Zoë"], dates=[0]))
    assert row.skipped
    assert [issue.code for issue in row.issues] == ["id_as_date"]
