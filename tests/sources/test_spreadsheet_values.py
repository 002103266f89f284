"""The values of cells: a table is read alike from every program, as a person would write it."""

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from rollbook.sources.spreadsheet.errors import NoHeader
from rollbook.sources.spreadsheet.hidden_rows import hidden_rows
from rollbook.sources.spreadsheet.reader import header_row
from rollbook.sources.spreadsheet.rows import CellProblem, Sheet
from tests.sources.spreadsheets import HEADER, READ, TABLE, ods, read_here, xls, xlsx


def cells(sheet: Sheet) -> list[list[str | None]]:
    return [row.cells for row in sheet.rows]


def text_file(rows: Sequence[Sequence[str]] = READ, delimiter: str = ",", end: str = "\r\n") -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows(rows)
    return file.getvalue()


@pytest.mark.parametrize(("make", "kind"), [(xlsx, "xlsx"), (xls, "xls"), (ods, "ods")])
def test_a_table_comes_in_alike_from_every_format(make: Any, kind: str) -> None:
    sheet = read_here(make(TABLE), f"students.{kind}")
    assert (sheet.kind, sheet.sheets, sheet.sheet, sheet.encoding, sheet.width) == (
        kind,
        ("Students",),
        "Students",
        None,
        5,
    )
    assert cells(sheet) == READ
    assert [row.dates for row in sheet.rows] == [(), (3,), (3,)]
    assert not [row for row in sheet.rows if row.problems]


@pytest.mark.parametrize(
    ("encoding", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16"),
        ("utf-16-be", "utf-16"),
    ],
)
def test_unicode_is_read_and_reported(encoding: str, detected: str) -> None:
    sheet = read_here(text_file().encode(encoding), "students.csv")
    assert (sheet.kind, sheet.encoding, sheet.delimiter, sheet.notes) == ("csv", detected, ",", ())
    assert cells(sheet) == READ


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
@pytest.mark.parametrize(
    "names", [["Müller"], ["José", "Zoë", "Peña"], ["O’Neil", "Genève", "Strauß"]]
)
def test_an_older_encoding_is_guessed_and_the_guess_is_reported(
    encoding: str, names: list[str]
) -> None:
    sheet = read_here(
        text_file([["Name"], *([name] for name in names)]).encode(encoding), "students.csv"
    )
    assert sheet.encoding == encoding
    assert cells(sheet) == [["Name"], *([name] for name in names)]
    assert "Look at names with accents" in sheet.notes[0]


def test_a_person_may_choose_encoding_and_delimiter() -> None:
    sheet = read_here(
        "a;b,c\né;1,5\n".encode("mac_roman"), "x.csv", encoding="mac_roman", delimiter=","
    )
    assert (sheet.encoding, cells(sheet)) == ("mac_roman", [["a;b", "c"], ["é;1", "5"]])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_every_delimiter_and_line_end_is_found(delimiter: str, end: str) -> None:
    rows = [*READ, ["1", "Two\nlines; here, and | here\tagain", 'say "hi"', "", "x"]]
    sheet = read_here(text_file(rows, delimiter, end).encode(), "students.txt")
    assert sheet.delimiter == delimiter
    assert cells(sheet)[:3] == READ
    assert cells(sheet)[3] == ["1", "Two\nlines; here, and | here\tagain", 'say "hi"', None, "x"]
    assert [row.number for row in sheet.rows] == [1, 2, 3, 4]


def test_a_choice_that_is_none_of_ours_is_detected_instead() -> None:
    sheet = read_here(b"a;b\n1;2\n", "x.csv", encoding="rot13", delimiter="ab")
    assert (sheet.encoding, sheet.delimiter) == ("utf-8", ";")


def test_excels_line_that_names_the_separator_is_no_row() -> None:
    sheet = read_here(b"sep=|\r\na|b,c\r\n1|2,5\r\n", "x.csv")
    assert (sheet.delimiter, cells(sheet), sheet.rows[0].number) == (
        "|",
        [["a", "b,c"], ["1", "2,5"]],
        1,
    )


def test_stray_quotation_marks_are_kept_and_reported() -> None:
    sheet = read_here(b'name,height\nAda,5\'2"\n"Bob" Smith,"6"\n', "x.csv")
    assert [row[0] for row in cells(sheet)] == ["name", "Ada", "Bob Smith"]
    assert any("quotation marks" in note for note in sheet.notes)


@pytest.mark.parametrize(
    "heading",
    ["[Students]Last_Name", "{{last_name}}", "<Last name>", "<<Last name>>", "[Last name]"],
)
def test_a_heading_may_begin_with_a_bracket(heading: str) -> None:
    sheet = read_here(f"{heading},<Email>\nHolt,a@b.example\n".encode(), "x.csv")
    assert cells(sheet) == [[heading, "<Email>"], ["Holt", "a@b.example"]]


@pytest.mark.parametrize(
    ("lines", "row_number", "column"),
    [
        pytest.param(
            ['1;Ivo;Gardner;"Ace;2028', "2;Cleo;Tanner;;2028", '3;Dan;Holt;"Dan";2028'],
            2,
            3,
            id="opened, and a later cell is quoted",
        ),
        pytest.param(
            ['1;"Ivo;Gardner;;2028', "2;Cleo;Tanner;;2028", '3;Dan";Holt;;2028'],
            2,
            1,
            id="opened, and closed in the same column below",
        ),
        pytest.param(["1;Ivo;Gardner;;2028", '2;"Cleo;Tanner;;2028'], 3, 1, id="never closed"),
        pytest.param(["1;Ivo;Gardner;;2028", '2;"Cleo;"Tanner;;2028'], 3, 1, id="in one line"),
    ],
)
def test_a_stray_quotation_mark_concerns_one_row(
    lines: list[str], row_number: int, column: int
) -> None:
    text = "\n".join(["ID;First;Last;Called;Year", *lines, "9;Elva;Marsh;;2028"])
    sheet = read_here(text.encode(), "students.csv")
    problems = {row.number: row.problems for row in sheet.rows if row.problems}
    assert problems.pop(row_number) == (CellProblem(column, "quote_misplaced"),)
    # The mark that closes it further down is a problem there, if a word keeps it.
    assert set(problems.values()) <= {(CellProblem(column, "quote_misplaced"),)}
    assert all('"' in (sheet.rows[number - 1].cells[column] or "") for number in problems)
    assert [row.number for row in sheet.rows] == list(range(1, len(lines) + 3))
    assert sheet.rows[-1].cells == ["9", "Elva", "Marsh", None, "2028"]


def test_a_quoted_cell_with_line_breaks_is_one_row_also_beside_a_stray_mark() -> None:
    text = 'ID,First,Last,Street\n1,Ada,Holt,"12 Mill Lane,\nFlat 4"\n2,"Bo,Marsh,\n3,Cy,Holt,\n'
    sheet = read_here(text.encode(), "students.csv")
    assert cells(sheet)[1] == ["1", "Ada", "Holt", "12 Mill Lane,\nFlat 4"]
    assert [row.problems for row in sheet.rows] == [
        (),
        (),
        (CellProblem(1, "quote_misplaced"),),
        (),
    ]


def test_empty_rows_and_columns_are_left_out_and_rows_keep_their_numbers() -> None:
    sheet = read_here(b"a,b,,,\n,,,,\n\n1,,,,\n  ,,,,\n2,3,,,\n,,,,\n", "x.csv")
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (1, ["a", "b"]),
        (4, ["1", None]),
        (6, ["2", "3"]),
    ]
    formatted = xlsx(
        [["a"], [], ["1"]],
        lambda book, sheet: sheet.write_blank(900, 90, None, book.add_format({"bold": True})),
    )
    sheet = read_here(formatted, "x.xlsx")
    assert [(row.number, row.cells) for row in sheet.rows] == [(1, ["a"]), (3, ["1"])]


def test_numbers_are_as_a_person_writes_them() -> None:
    sheet = read_here(
        xlsx([[20418, 20418.0, 0.1 + 0.2, -3, 1.5, "00417", 123456789012345, 12345678901234567]]),
        "x.xlsx",
    )
    assert cells(sheet)[0][:7] == ["20418", "20418", "0.3", "-3", "1.5", "00417", "123456789012345"]
    assert sheet.rows[0].problems == (CellProblem(7, "digits_lost"),)


def test_dates_are_known_as_dates_and_text_is_left_as_it_is() -> None:
    moment, day = (
        datetime.fromisoformat("2010-05-03T08:30:00"),
        datetime.fromisoformat("2010-05-03"),
    )
    sheet = read_here(xlsx([[moment, "03/05/2010", 40301, day]]), "x.xlsx")
    assert cells(sheet) == [["2010-05-03T08:30:00", "03/05/2010", "40301", "2010-05-03"]]
    assert sheet.rows[0].dates == (0, 3)


def test_error_cells_are_problems_of_their_cell() -> None:
    def fill(book: Any, sheet: Any) -> None:
        for column, error in enumerate(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?")):
            sheet.write_formula(1, column, "=1/0", None, error)

    for content, name in (
        (xlsx([HEADER], fill), "x.xlsx"),
        (ods([HEADER, ["#N/A"]]), "x.ods"),
        (b"Student ID,b\n#N/A,x\n", "x.csv"),
    ):
        row = read_here(content, name).rows[1]
        assert (row.cells[0], row.problems[0]) == ("#N/A", CellProblem(0, "error_in_cell"))
    assert len(read_here(xlsx([HEADER], fill), "x.xlsx").rows[1].problems) == 5


def test_formulas_give_their_stored_value() -> None:
    book = openpyxl.Workbook()
    book.create_sheet("never calculated")
    file = io.BytesIO()
    assert book.active is not None
    book.active.append(["=1+1", "x"])
    book.save(file)
    assert cells(read_here(file.getvalue(), "x.xlsx")) == [[None, "x"]]
    stored = xlsx(
        [],
        lambda book, sheet: (
            sheet.write_row(0, 0, ["x"])
            or sheet.write_formula(0, 1, '=CONCAT("0","7")', None, "07")
        ),
    )
    assert cells(read_here(stored, "x.xlsx")) == [["x", "07"]]


def test_a_merged_title_and_a_table_that_begins_further_in_are_tolerated() -> None:
    def fill(book: Any, sheet: Any) -> None:
        sheet.merge_range("C2:E2", "Lincoln High School", book.add_format())
        sheet.write_row("C4", ["Student ID", "First name", "Last name"])
        sheet.write_row("C5", ["1", "Ada", "Lovelace"])

    sheet = read_here(xlsx([], fill), "x.xlsx")
    header = sheet.rows[header_row(sheet)]
    assert (header.number, header.cells) == (
        4,
        [None, None, "Student ID", "First name", "Last name"],
    )


def test_without_a_header_it_says_so() -> None:
    with pytest.raises(NoHeader) as refused:
        header_row(read_here(b"1,ada@x.example\n2,bob@x.example\n", "x.csv"))
    assert (refused.value.code, bool(refused.value.what), bool(refused.value.remedy)) == (
        "no_header",
        True,
        True,
    )


def test_the_first_visible_sheet_with_something_in_it_is_read_unless_named() -> None:
    def fill(book: Any, first: Any) -> None:
        book.add_worksheet("Secret").write(0, 0, "hidden")
        book.worksheets()[1].hide()
        book.add_worksheet("Grade 9").write(0, 0, "nine")
        book.add_worksheet("Grade 10").write(0, 0, "ten")

    sheet = read_here(xlsx([], fill), "x.xlsx")
    assert (sheet.sheets, sheet.sheet) == (("Students", "Grade 9", "Grade 10"), "Grade 9")
    assert any("Hidden" in note for note in sheet.notes)
    assert cells(read_here(xlsx([], fill), "x.xlsx", sheet="Grade 10")) == [["ten"]]


def test_hidden_rows_are_read_and_counted() -> None:
    def hide(book: Any, sheet: Any) -> None:
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(7, None, None, {"hidden": True})  # an empty one
        other = book.add_worksheet("Other & more")
        other.write_row(0, 0, ["a", "b"])
        other.set_row(0, None, None, {"hidden": True})

    book = xlsx(TABLE, hide)
    for name in ("Students", "Other & more"):
        sheet = read_here(book, "students.xlsx", sheet=name)
        assert any("Hidden rows" in note and "1." in note for note in sheet.notes)
    assert cells(read_here(book, "students.xlsx")) == READ
    shown = read_here(book, "students.xlsx", hidden_rows="leave-out")
    assert (cells(shown), shown.hidden_rows) == ([READ[0], *READ[2:]], 1)
    assert [row.number for row in shown.rows] == [1, 3]
    assert any("left out" in note for note in shown.notes)
    shown = read_here(xlsx(TABLE), "students.xlsx")
    assert not any("Hidden rows" in note for note in shown.notes)


def test_hidden_rows_of_an_ods_are_counted() -> None:
    content = (
        '<table:table table:name="A"><table:table-row table:visibility="filter"/></table:table>'
        '<table:table table:name="B"><table:table-row table:number-rows-repeated="3"/>'
        '<table:table-row table:visibility="filter" table:number-rows-repeated="2"/>'
        "<table:table-row/></table:table>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", content)
    assert hidden_rows(file.getvalue(), "ods", "B") == {4, 5}


def test_content_decides_and_a_wrong_name_is_reported() -> None:
    sheet = read_here(xlsx(TABLE), "students.csv")
    assert sheet.kind == "xlsx"
    assert (
        sheet.notes[0]
        == "The file is called .csv, but holds an Excel workbook (xlsx); it was read as that."
    )
    assert read_here(b"a,b\n1,2\n", "students.xls").kind == "csv"


def test_rows_may_be_asked_for_singly_and_in_slices() -> None:
    rows = read_here(b"a,b\n1\n2,3\n", "x.csv").rows
    assert (len(rows), rows[-1].cells, [row.cells for row in rows[1:]]) == (
        3,
        ["2", "3"],
        [["1", None], ["2", "3"]],
    )
