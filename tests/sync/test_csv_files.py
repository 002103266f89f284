"""One way to write csv files: readable as UTF-8, no cell a formula, a large file piece by piece."""

import csv
import io

from rollbook.sync.report import csv_file
from rollbook.sync.report.csv_file import csv_text


def test_a_file_reads_back_with_every_formula_guarded() -> None:
    rows: list[list[object]] = [["=1+2", None], [" @x", "Zoë, the\nfirst"], [7, '"-1']]
    text = "".join(csv_text(["Name", "+Value"], rows))
    assert text.startswith("\ufeffName,'+Value\r\n")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == [
        ["Name", "'+Value"],
        ["'=1+2", ""],
        ["' @x", "Zoë, the\nfirst"],
        ["7", "'\"-1"],
    ]


def test_a_large_file_comes_in_pieces() -> None:
    rows = ([number] for number in range(2 * csv_file.ROWS_AT_A_TIME + 1))
    pieces = list(csv_text(["Number"], rows))
    assert [piece.count("\r\n") for piece in pieces] == [
        csv_file.ROWS_AT_A_TIME + 1,
        csv_file.ROWS_AT_A_TIME,
        1,
    ]


def test_a_file_without_rows_has_its_headings() -> None:
    assert list(csv_text(["Name"], [])) == ["\ufeffName\r\n"]
