"""The reader against files that mean harm: a clear refusal, a parent whose memory stays flat, and no child left behind."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rollbook.sources.spreadsheet import reader
from rollbook.sources.spreadsheet.errors import (
    REFUSALS,
    Damaged,
    TookTooLong,
    TooManyRows,
    UploadRefused,
)
from rollbook.sources.spreadsheet.messages import LENGTH, Facts, Reply, Task
from rollbook.sources.spreadsheet.reader import read_sheet
from rollbook.sources.spreadsheet.rows import UploadBounds
from tests.sources.spreadsheets import (
    OLE_WITH_PASSWORD,
    READ,
    TABLE,
    bomb,
    ods,
    packed,
    read_here,
    repacked,
    xls,
    xlsx,
)

MEGABYTE = 1_000_000
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY l0 "lol">{LAUGHS}]>'


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


def refusal(
    content: bytes, name: str = "students.xlsx", bounds: UploadBounds | None = None, **chosen: Any
) -> UploadRefused:
    with pytest.raises(UploadRefused) as refused:
        read_sheet(content, name, bounds=bounds, **chosen)
    assert refused.value.what
    assert refused.value.remedy
    return refused.value


def refused_here(content: bytes, **chosen: Any) -> str:
    with pytest.raises(UploadRefused) as refused:
        read_here(content, "students.xlsx", **chosen)
    assert refused.value.what
    assert refused.value.remedy
    return refused.value.code


def far_cell(where: str) -> bytes:
    return xlsx([["a"], ["b"]], lambda _, sheet: sheet.write(where, "x"))


def test_the_child_reads_what_it_should() -> None:
    sheet = read_sheet(xlsx(TABLE), "students.xlsx")
    assert [row.cells for row in sheet.rows] == READ


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
            packed({"[Content_Types].xml": "x", **{f"xl/{n}.xml": "x" for n in range(5_000)}}),
            "unpacks_too_large",
        ),
        (
            packed({"[Content_Types].xml": "x", "xl/a.xml": b" " * 3 * MEGABYTE}),
            "unpacks_too_large",
        ),
        (b'a,b\n1,"2\n' + b"endless\n" * 20_000, "unclosed_quote"),
        (b'a,b\n1,"2\n3,4\n', "unclosed_quote"),
        (b"a" * 40_000, "unclosed_quote"),
        (b",".join([b"x"] * 200_000), "too_many_columns"),
        (far_cell("CW3"), "too_many_columns"),
        (b"a\n" * 50_001, "too_many_rows"),
        (b"\xff\xfea", "wrong_encoding"),
    ],
)
def test_what_can_not_be_taken_is_refused_by_name(content: bytes, code: str) -> None:
    assert refused_here(content) == code


def test_choices_that_do_not_fit_the_file_are_refused_by_name() -> None:
    assert refused_here(xlsx(TABLE), sheet="Grade 13") == "no_such_sheet"
    assert refused_here("é".encode("cp1252"), encoding="utf-8") == "wrong_encoding"


def test_what_is_just_within_the_bounds_is_read() -> None:
    assert len(read_here(b"a\n" * 50_000, "x.csv").rows) == 50_000
    assert read_here(b",".join([b"x"] * 100) + b"," * 1_000, "x.csv").width == 100
    far_below = read_here(far_cell("B60000"), "x.xlsx")
    assert [row.number for row in far_below.rows] == [1, 2, 60_000]


def test_a_file_too_large_is_refused_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(reader, "_start")
    assert refusal(b"a," * 5_000_001).code == "too_large"


def test_one_cell_in_the_last_corner_takes_no_memory_of_ours() -> None:
    content = far_cell("XFD1048576")
    before = psutil.Process().memory_info().rss
    assert refusal(content).code == "took_too_much_memory"
    assert psutil.Process().memory_info().rss - before < 10 * MEGABYTE


@pytest.mark.parametrize(
    "part", ["xl___worksheets___sheet1__xml", "xl___sharedStrings__xml", "xl___workbook__xml"]
)
def test_a_billion_laughs_stay_untold(part: str) -> None:
    content = repacked(
        xlsx(TABLE),
        **{
            part: BILLION_LAUGHS
            + "<worksheet><sheetData><row><c><v>&l9;</v></c></row></sheetData></worksheet>"
        },
    )
    try:
        sheet = read_sheet(content, "students.xlsx")
    except UploadRefused as refused:
        assert refused.code in ("damaged", "empty", "took_too_much_memory")
    else:
        assert sum(len(cell or "") for row in sheet.rows for cell in row.cells) < 1_000


def test_the_child_has_none_of_our_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROLLBOOK_ENCRYPTION_KEY", "secret")
    child = reader._start(Task(UploadBounds(), "x.csv"))
    try:
        environment = (
            Path(f"/proc/{child.pid}/environ").read_bytes() if sys.platform == "linux" else b""
        )
        assert b"ROLLBOOK" not in environment
    finally:
        child.kill()
        reader._end(child)


def pretending(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another child in the place of ours."""

    def start(asked: Task) -> Any:
        command = [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys, os, time, signal\nout = sys.stdout.buffer\n{code}",
        ]
        return subprocess.Popen(command, stdin=-1, stdout=-1)

    monkeypatch.setattr(reader, "_start", start)


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("os.kill(os.getpid(), signal.SIGXCPU)", "took_too_long"),
        ("os.kill(os.getpid(), signal.SIGABRT)", "took_too_much_memory"),
        ("sys.exit(1)", "damaged"),
        ("out.write(b'xx')", "damaged"),
        ("out.write(b'\\xff\\xff\\xff\\x7f' + b'x' * 100)", "damaged"),
        ("out.write(b'\\x03\\0\\0\\0xyz')", "damaged"),
        ("while True: out.write(b'\\x01\\0\\0\\0x')", "damaged"),
    ],
)
def test_a_child_led_astray_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, code: str, refused: str
) -> None:
    pretending(monkeypatch, code)
    assert refusal(b"a,b").code == refused


def test_a_child_that_says_too_much_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    facts = msgspec.msgpack.encode(Reply(Facts("csv", (), "", None, None, 1, 1, ())))
    row = b"\x94\x01\x91\xa1a\x90\x90"
    for frames in ([facts], [facts, row, row], [facts, b"\x01"], [row]):
        pretending(
            monkeypatch,
            f"out.write({b''.join(LENGTH.pack(len(frame)) + frame for frame in frames)!r})",
        )
        assert isinstance(refusal(b"a,b"), Damaged)


@pytest.mark.slow
def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    pretending(monkeypatch, "time.sleep(60)")
    started = time.monotonic()
    assert isinstance(refusal(b"a,b" * 1_000_000, bounds=UploadBounds(wall_seconds=1)), TookTooLong)
    assert time.monotonic() - started < 10


def test_every_refusal_has_a_name_of_its_own() -> None:
    def below(kind: type[UploadRefused]) -> Iterator[type[UploadRefused]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    assert set(REFUSALS.values()) == set(below(UploadRefused))


@pytest.mark.slow
@pytest.mark.parametrize("claimed", [None, 5_000])
def test_a_megabyte_that_unpacks_to_a_gigabyte_is_refused_whatever_it_claims(
    claimed: int | None,
) -> None:
    content = bomb(1_000, claimed)
    assert len(content) < 1.1 * MEGABYTE
    before = psutil.Process().memory_info().rss
    assert refusal(content).code in ("unpacks_too_large", "damaged")
    assert psutil.Process().memory_info().rss - before < 20 * MEGABYTE


@pytest.mark.slow
def test_a_child_that_computes_for_ever_is_ended_by_its_own_limit() -> None:
    content = b"\n".join([b"a,b,c,d,e,f,g,h"] * 49_999) * 12
    assert isinstance(
        refusal(content, bounds=UploadBounds(cpu_seconds=1, rows=10_000_000)), TookTooLong
    )


@pytest.mark.slow
def test_the_largest_sheet_is_read_and_the_parent_stays_small() -> None:
    rows = [
        [f"{number:05}", f"First {number}", f"Last {number}", f"s{number}@school.example", 2028]
        + ["x"] * 15
        for number in range(50_000)
    ]
    content = xlsx(rows)
    del rows
    assert len(content) < 10 * MEGABYTE
    before = psutil.Process().memory_info().rss
    sheet = read_sheet(content, "students.xlsx")
    assert len(sheet.rows) == 50_000
    assert sum(1 for row in sheet.rows if row.cells[4] == "2028") == 50_000
    assert psutil.Process().memory_info().rss - before < 60 * MEGABYTE


@pytest.mark.slow
def test_the_most_cells_that_bounds_allow_leave_the_parent_small() -> None:
    content = (b",".join([b"x"] * 100) + b"\n") * 49_000
    before = psutil.Process().memory_info().rss
    assert len(read_sheet(content, "x.csv").rows) == 49_000
    assert psutil.Process().memory_info().rss - before < 60 * MEGABYTE
    assert isinstance(refusal(b"a\n" * 4_000_000), TooManyRows)


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
