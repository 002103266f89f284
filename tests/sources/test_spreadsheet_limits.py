"""The reader against files that mean harm or that nobody can use: a clear refusal, by its name.

Read in this process; `test_spreadsheet_child` has what only the child process can show.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rollbook.sources.spreadsheet.errors import REFUSALS, UploadRefused
from rollbook.sources.spreadsheet.rows import UploadBounds
from tests.sources.spreadsheets import (
    OLE_WITH_PASSWORD,
    TABLE,
    cell_at,
    ods,
    packed,
    read_here,
    repacked,
    xls,
    xlsx,
)

MEGABYTE = 1_000_000


def refused_here(content: bytes, **chosen: Any) -> str:
    with pytest.raises(UploadRefused) as refused:
        read_here(content, "students.xlsx", **chosen)
    assert refused.value.what
    assert refused.value.remedy
    return refused.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b",,,\r\n,,,\r\n", "empty"),
        (xlsx(), "empty"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"x" * 1000, "not_a_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "not_a_spreadsheet"),
        (b"<html><table><tr><td>Student ID</td></tr></table></html>", "not_a_spreadsheet"),
        ('\ufeff<?xml version="1.0"?><Workbook/>'.encode("utf-16-le"), "not_a_spreadsheet"),
        (b'[{"id": 1}]', "not_a_spreadsheet"),
        (random.Random(7).randbytes(5000), "not_a_spreadsheet"),
        (packed({"word/document.xml": "x", "[Content_Types].xml": "x"}), "not_a_spreadsheet"),
        (packed({"Index/Document.iwa": "x"}), "not_a_spreadsheet"),
        (packed({"students.csv": "a,b"}), "not_a_spreadsheet"),
        (repacked(xlsx(TABLE), xl___workbook__bin=b"x"), "not_a_spreadsheet"),
        (repacked(xlsx(TABLE), xl___vbaProject__bin=b"x"), "macro_file"),
        (xls(TABLE) + "_VBA_PROJECT_CUR".encode("utf-16-le"), "macro_file"),
        (OLE_WITH_PASSWORD, "encrypted"),
        (ods(TABLE, manifest="<manifest:encryption-data/>"), "encrypted"),
        (
            xls(TABLE)
            .replace(b"B\0o\0o\0k\0", b"B\0o\0o\0p\0")
            .replace(b"W\0o\0r\0k\0b\0", b"W\0o\0r\0k\0p\0"),
            "not_a_spreadsheet",
        ),
        (xls(TABLE)[:600] + b"\0" * 900 + xls(TABLE)[1500:], "damaged"),
        (xlsx(TABLE)[:-200], "damaged"),
        (xlsx(TABLE)[:3000] + b"\0" * 50 + xlsx(TABLE)[3050:], "damaged"),
        (
            repacked(
                xlsx(TABLE), xl___worksheets___sheet1__xml="<worksheet><sheetData><row r='1'><c"
            ),
            "damaged",
        ),
        (
            packed({"[Content_Types].xml": "x", **{f"xl/{n}.xml": "x" for n in range(1_001)}}),
            "unpacks_too_large",
        ),
        (
            packed({"[Content_Types].xml": "x", "xl/a.xml": b" " * MEGABYTE}),
            "unpacks_too_large",
        ),
        (b'a,b\n1,"' + b"endless" * 5_000 + b"\n3,4\n", "unclosed_quote"),
        (b"a" * 40_000, "unclosed_quote"),
        (b",".join([b"x"] * 101), "too_many_columns"),
        (cell_at("CW3"), "too_many_columns"),
        (b"\xff\xfea", "wrong_encoding"),
    ],
)
def test_what_can_not_be_taken_is_refused_by_name(content: bytes, code: str) -> None:
    assert refused_here(content) == code


def test_choices_that_do_not_fit_the_file_are_refused_by_name() -> None:
    assert refused_here(xlsx(TABLE), sheet="Grade 13") == "no_such_sheet"
    assert refused_here("é".encode("cp1252"), encoding="utf-8") == "wrong_encoding"


def test_what_is_just_within_the_bounds_is_read() -> None:
    few = UploadBounds(rows=50, columns=10)
    assert len(read_here(b"a\n" * 50, "x.csv", few).rows) == 50
    assert read_here(b",".join([b"x"] * 10) + b"," * 1_000, "x.csv", few).width == 10
    far_below = read_here(cell_at("B600"), "x.xlsx", few)
    assert [row.number for row in far_below.rows] == [1, 2, 600]
    assert refused_here(b"a\n" * 51, bounds=few) == "too_many_rows"


def test_every_refusal_has_a_name_of_its_own() -> None:
    def below(kind: type[UploadRefused]) -> Iterator[type[UploadRefused]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    assert set(REFUSALS.values()) == set(below(UploadRefused))


def test_every_refusal_is_in_the_connectors_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
    assert [code for code in REFUSALS if code != "upload_refused" and f"`{code}`" not in page] == []


def test_every_bound_is_in_the_connectors_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text()
    bounds = UploadBounds()
    figures = (
        f"{bounds.file_bytes // MEGABYTE} MB",
        f"{bounds.unpacked_bytes // MEGABYTE} MB",
        f"{bounds.members:,} parts",
        f"{bounds.rows:,} rows",
    )
    others = (
        f"{bounds.columns} columns",
        f"{bounds.cell_characters:,} characters",
        f"{bounds.cpu_seconds} s",
        f"{bounds.ratio} times",
    )
    assert [figure for figure in (*figures, *others) if figure not in page] == []
