"""The Excel file of a run, read back with two other libraries."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.records import Severity
from rollbook.schools.models import School, User
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Integration, Mode, Run, Trigger
from rollbook.sync.report import excel, workbook
from rollbook.sync.runs import requests
from tests.sync.report_runs import a_run, linked, listed, new, problem, returning, updated

pytestmark = pytest.mark.django_db

UPDATED = "Existing & Update"

Written = Callable[..., bytes]
Book = Callable[[Run], Workbook]


@pytest.fixture
def written() -> Written:
    """Writes the report of a run; gives the file's bytes."""

    def write(run: Run, progress: workbook.Progress | None = None) -> bytes:
        target = BytesIO()
        workbook.write_report(run, target, progress)
        return target.getvalue()

    return write


@pytest.fixture
def book(written: Written) -> Book:
    return lambda run: load_workbook(BytesIO(written(run)))


def rows(sheet: Any) -> list[list[Any]]:
    return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]


def column(sheet: Any, heading: str) -> list[Any]:
    place = [cell.value for cell in sheet[1]].index(heading)
    return [row[place] for row in rows(sheet)]


def test_has_exactly_four_sheets_with_frozen_filterable_headings(
    school: School, book: Book
) -> None:
    made = book(a_run(school, [new(), linked()], [problem()]))
    assert made.sheetnames == ["Summary", "Errors", "New", "Existing & Update"]
    for sheet in made:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.bold for cell in sheet[1])


def test_an_empty_run_gives_headings_only(school: School, book: Book) -> None:
    made = book(a_run(school))
    assert [made[name].max_row for name in ("Errors", "New", UPDATED)] == [1, 1, 1]
    assert made["New"].auto_filter.ref == "A1:H1"
    assert [cell.value for cell in made[UPDATED][1]] == [
        "SIS ID",
        "Name",
        "E-mail",
        "Kind",
        "Field",
        "Before",
        "After",
        "Outcome",
        "Reason",
    ]


def test_two_readers_agree_with_the_plan(school: School, written: Written) -> None:
    run = a_run(
        school,
        [new(), new("0002", "Alan", "Turing", "alan@b.example"), linked(), returning()],
        [problem()],
    )
    content = written(run)
    by_openpyxl, by_calamine = (
        load_workbook(BytesIO(content)),
        CalamineWorkbook.from_filelike(BytesIO(content)),
    )
    assert by_calamine.sheet_names == by_openpyxl.sheetnames
    for name, emails in (
        ("New", {"ada@lincoln.example", "alan@b.example"}),
        (UPDATED, {"alan@lincoln.example", "mary@lincoln.example"}),
    ):
        sheet = by_calamine.get_sheet_by_name(name).to_python()
        place = sheet[0].index("E-mail")
        assert (
            {row[place] for row in sheet[1:]} == set(column(by_openpyxl[name], "E-mail")) == emails
        )
    stored = Change.objects.filter(run=run, kind="new").values_list("email", flat=True)
    assert set(stored) == set(column(by_openpyxl["New"], "E-mail"))


def test_dates_are_dates_years_are_numbers_and_ids_keep_their_leading_zeros(
    school: School, book: Book
) -> None:
    sheet = book(a_run(school, [new("000123")]))["New"]
    assert column(sheet, "SIS ID") == ["000123"]
    assert column(sheet, "Graduation year") == [2027]
    (day,) = column(sheet, "Date of birth")
    assert day.date() == date(2009, 2, 28)
    place = [cell.value for cell in sheet[1]].index("Date of birth") + 1
    assert sheet.cell(2, place).number_format == "yyyy-mm-dd"


def test_a_date_that_excel_miscounts_stays_text(school: School, book: Book) -> None:
    sheet = book(a_run(school, [new(birth_date=date(1900, 1, 15))]))["New"]
    assert column(sheet, "Date of birth") == ["1900-01-15"]


def test_has_a_column_for_each_mapped_field_whether_or_not_anybody_has_it(
    school: School, book: Book
) -> None:
    run = a_run(school, [new()])
    run.settings["mapping"].append(["gender", "gender"])
    assert [cell.value for cell in book(run)["New"][1]] == [
        "SIS ID",
        "E-mail",
        "First name",
        "Last name",
        "Graduation year",
        "Date of birth",
        "Gender",
        "Outcome",
        "Reason",
    ]


def test_before_and_after_stand_side_by_side_in_one_row_per_field(
    school: School, book: Book
) -> None:
    before = {"last_name": "H", "graduation_year": None, "birth_date": "2009-02-27"}
    after = {"last_name": "Hopper", "graduation_year": 2027, "birth_date": "2009-02-28"}
    sheet = book(a_run(school, [updated(before, after)]))[UPDATED]
    who = ["0007", "Grace Hopper", "grace@lincoln.example", "Updated"]
    assert [
        [cell.date() if isinstance(cell, datetime) else cell for cell in row[:-1]]
        for row in rows(sheet)
    ] == [
        [*who, "Last name", "H", "Hopper", "Applied"],
        [*who, "Graduation year", None, 2027, "Applied"],
        [*who, "Date of birth", date(2009, 2, 27), date(2009, 2, 28), "Applied"],
    ]
    assert {row[-1] for row in rows(sheet)} == {
        "The account is linked by the SIS ID 0007, and PowerSchool has other values for: "
        "Last name, Graduation year and Date of birth."
    }


def test_accounts_that_are_only_listed_are_not_among_the_updated(
    school: School, book: Book
) -> None:
    assert rows(book(a_run(school, [listed(ChangeKind.NOT_IN_ROSTER, "not_sent")]))[UPDATED]) == []


def test_errors_of_every_severity_say_what_to_do(school: School, book: Book) -> None:
    run = a_run(
        school,
        [],
        [
            problem(),
            problem("personal_email_invalid", Severity.WARNING, value="2009-02-30"),
            problem("gender_unknown", Severity.NOTE),
        ],
    )
    sheet = book(run)["Errors"]
    assert column(sheet, "Severity") == ["Error", "Warning", "Note"]
    assert column(sheet, "SIS ID") == ["0042"] * 3
    assert all("PowerSchool" in told for told in column(sheet, "What to do"))
    assert column(sheet, "Value")[1] == "2009-02-30"


def test_the_summary_has_counts_as_numbers_and_says_when_it_was_a_test(
    school: School, book: Book
) -> None:
    told = dict(rows(book(a_run(school, [new()], mode=Mode.TEST))["Summary"]))
    assert told["New"] == 1
    assert told["Uploader type"] == "Test PowerSchool Student"
    assert told["What was changed"] == "This was a test run: no account was changed."


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        '=HYPERLINK("http://evil.example")',
        "+41 44",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "http://evil.example",
        "007",
        "1e5",
    ],
)
def test_what_looks_like_a_formula_a_link_or_a_number_is_text(
    school: School, written: Written, name: str
) -> None:
    content = written(a_run(school, [new(first=name)]))
    sheet = load_workbook(BytesIO(content))["New"]
    place = [cell.value for cell in sheet[1]].index("First name") + 1
    cell = sheet.cell(2, place)
    assert (cell.value, cell.data_type, cell.hyperlink) == (name, "s", None)
    page = zipfile.ZipFile(BytesIO(content)).read("xl/worksheets/sheet3.xml").decode()
    assert "<f>" not in page
    assert "hyperlink" not in page
    if name[0] in "=+-@\t":
        assert cell.quotePrefix


@pytest.mark.parametrize(
    "name",
    [
        "👩🏽‍🎓 Zoë",
        "שָׁרָה",
        "محمد علی",
        "山田太郎",
        "O'Brien & <Sons>",
        "<r>not</markup></r>",
        "  spaced  ",
        "x" * 300,
        "Ω\u200bΩ",
        "1 < 2 & 3",
        ']]> "quoted"',
    ],
)
def test_any_name_comes_back_as_it_was(school: School, written: Written, name: str) -> None:
    content = written(a_run(school, [new(first=name)]))
    (read,) = column(load_workbook(BytesIO(content))["New"], "First name")
    assert read.strip() == name.strip()
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name("New").to_python()
    assert str(sheet[1][sheet[0].index("First name")]).strip() == name.strip()


@pytest.mark.parametrize(
    "sign", ["\x01", "\x0b", "\x1b[31m", "\x7f", "\x85", "\r", "\r\n", "\ufffe", "\uffff"]
)
def test_control_characters_never_break_the_file(school: School, book: Book, sign: str) -> None:
    (read,) = column(book(a_run(school, [new(first=f"Ada{sign}L")]))["New"], "First name")
    assert read.startswith("Ada")
    assert read.endswith("L")


def test_a_text_longer_than_a_cell_is_cut_and_says_so(school: School, book: Book) -> None:
    run = a_run(school, error_what="😀" * 20_000, error_remedy="x" * 32_767)
    told = dict(rows(book(run)["Summary"]))
    assert told["What went wrong"] == "😀" * 16_383 + "…"
    assert told["What to do"] == "x" * 32_767


def test_columns_are_as_wide_as_their_content_within_bounds(school: School, book: Book) -> None:
    widths = book(
        a_run(
            school, [new(email="a" * 40 + "@lincoln.example", last="漢" * 20), new(first="x" * 300)]
        )
    )["New"].column_dimensions
    assert 56 <= widths["B"].width <= 59
    assert 40 <= widths["D"].width <= 43
    assert 60 <= widths["C"].width <= 62
    assert widths["A"].width >= 8


def test_names_no_person_in_the_properties_or_the_file_name(
    school: School, administrator: User, written: Written
) -> None:
    run = a_run(school, [new()], requested_by=administrator, mode=Mode.TEST)
    made = load_workbook(BytesIO(written(run)))
    assert not made.properties.creator
    assert not made.properties.lastModifiedBy
    assert made.properties.title == "Test PowerSchool Student"
    assert workbook.file_name(run) == f"test-powerschool-student-2026-07-04-{str(run.pk)[:8]}.xlsx"


@pytest.mark.slow
def test_five_thousand_rows_arrive_and_progress_is_told(school: School, written: Written) -> None:
    run = a_run(
        school,
        [new(f"{number:06d}", email=f"s{number}@lincoln.example") for number in range(5_000)],
    )
    told: list[tuple[int, int]] = []
    content = written(run, lambda done, total: told.append((done, total)))
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name("New").to_python()
    assert [row[0] for row in sheet[1:]] == [f"{number:06d}" for number in range(5_000)]
    assert told[0] == (500, 5_000)
    assert told[-1] == (5_000, 5_000)
    assert len(told) >= 10


def test_what_a_sheet_cannot_hold_goes_on_in_a_second_one(
    school: School, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "LAST_ROW", 3)
    made = book(a_run(school, [new(str(number)) for number in range(8)]))
    assert [name for name in made.sheetnames if name.startswith("New")] == ["New", "New 2", "New 3"]
    assert [row[0] for name in ("New", "New 2", "New 3") for row in rows(made[name])] == [
        str(number) for number in range(8)
    ]
    assert made["New 3"].freeze_panes == "A2"


def test_writes_to_a_path_too(school: School, tmp_path: Path) -> None:
    workbook.write_report(a_run(school, [new()]), tmp_path / "report.xlsx")
    assert load_workbook(tmp_path / "report.xlsx").sheetnames[0] == "Summary"


def test_a_failure_leaves_no_file_and_no_student_on_the_disk(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    run = a_run(school, [new(str(number)) for number in range(1_000)])

    def fail(done: int, total: int) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        workbook.write_report(run, tmp_path / "report.xlsx", fail)
    assert list(tmp_path.iterdir()) == []


def test_three_things_agree(integration: Integration, standin: StandIn, book: Book) -> None:
    """The stand-in's list, the accounts and the Excel file have the same students and values."""
    run = requests.request(integration, trigger=Trigger.PERSON).run
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    known = {
        (str(each.dcid), each.email, each.first_name, each.last_name, each.graduation_year)
        for each in standin.roster()
        if each.enroll_status == 0
        and each.grade_level in {9, 10, 11, 12}
        and each.email
        and each.graduation_year
    }
    held = set(
        StudentAccount.objects.values_list(
            "sis_id", "email", "first_name", "last_name", "graduation_year"
        )
    )
    made = book(run)
    sheet = made["New"]
    told = set(
        zip(
            *(
                column(sheet, heading)
                for heading in ("SIS ID", "E-mail", "First name", "Last name", "Graduation year")
            ),
            strict=True,
        )
    )
    assert known == held == told
    born = dict(StudentAccount.objects.values_list("sis_id", "birth_date"))
    told_born = zip(column(sheet, "SIS ID"), column(sheet, "Date of birth"), strict=True)
    assert {sis_id: day.date() if day else None for sis_id, day in told_born} == born
    assert set(column(sheet, "Outcome")) == {"Applied"}
    summary = dict(rows(made["Summary"]))
    assert (summary["New"], summary["Errors"]) == (
        len(held),
        len(column(made["Errors"], "Severity")),
    )
