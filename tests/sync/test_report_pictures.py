"""The Excel report as LibreOffice shows and saves it. Only `make office` runs this.

Needs `soffice` and the programs of poppler. The pictures stay in the folder OFFICE_PICTURES, where
that is set: look at them.
"""

import os
import subprocess
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from rollbook.roster.records import Severity
from rollbook.schools.models import School, User
from rollbook.sync.models import Run, Trigger
from rollbook.sync.report import workbook
from tests.sync.report_runs import a_run, linked, new, problem, updated

pytestmark = [pytest.mark.office, pytest.mark.django_db]

SHEETS = ["Summary", "Errors", "New", "Existing & Update"]
WORD = "{http://www.w3.org/1999/xhtml}word"
PAGE = "{http://www.w3.org/1999/xhtml}page"


@pytest.fixture
def run(school: School, administrator: User) -> Run:
    changes = [new(f"{number:04d}", email=f"s{number}@a.example") for number in range(60)]
    before = {"last_name": "Old", "birth_date": "2009-02-27", "email": "grace.h@lincoln.example"}
    after = {"last_name": "Hopper", "birth_date": "2009-02-28", "email": "=grace@lincoln.example"}
    changes += [updated(before, after, sis_id=f"{number:04d}") for number in range(8)]
    problems = [problem(), problem("gender_unknown", Severity.NOTE)] * 4
    return a_run(
        school,
        [*changes, linked()],
        problems,
        trigger=Trigger.PERSON,
        requested_by=administrator,
        error_what="The SIS answered with pages that are longer than a line of the summary. " * 4,
        error_remedy="Ask whoever looks after it.\nTry again tomorrow.",
    )


def converted(path: Path, form: str, folder: Path) -> Path:
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    command += ["--convert-to", form, "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return folder / f"{path.stem}.{form}"


def test_each_sheet_is_one_page_wide_and_no_words_overlap(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    workbook.write_report(run, path)
    pdf = converted(path, "pdf", tmp_path)
    folder = Path(os.environ.get("OFFICE_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["pdftoppm", "-r", "80", "-png", pdf, folder / "report"], check=True)
    words = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True)
    pages = list(ElementTree.fromstring(words.stdout).iter(PAGE))
    names = [_sheet_of(page) for page in pages]
    assert list(dict.fromkeys(names)) == SHEETS
    for page in pages:
        assert float(page.attrib["width"]) > float(page.attrib["height"])
        assert _overlaps(page) == []
    new_pages = [page for page, name in zip(pages, names, strict=True) if name == "New"]
    assert len(new_pages) > 1
    for page in new_pages:  # with the first and the last of the headings
        assert {"SIS", "Reason"} <= {word.text for word in page.iter(WORD)}


def test_libreoffice_and_two_readers_see_the_same_cells(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    workbook.write_report(run, path)
    (tmp_path / "saved").mkdir()
    saved = converted(path, "xlsx", tmp_path / "saved")
    written = by_openpyxl(path)
    assert list(written) == SHEETS
    assert by_calamine(path) == written
    assert by_openpyxl(saved) == written


def by_openpyxl(path: Path) -> dict[str, list[list[Any]]]:
    sheets = {}
    for sheet in load_workbook(path):
        rows = [[_plain(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
        sheets[sheet.title] = rows
    return sheets


def by_calamine(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    sheets = {}
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python()
        sheets[name] = [[_plain(cell) for cell in row] for row in rows]
    return sheets


def _plain(cell: Any) -> Any:
    """Return a cell as both readers give it: no times of dates, no floats, "" for an empty one."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return "" if cell is None else cell if isinstance(cell, str | int | date) else str(cell)


def _sheet_of(page: ElementTree.Element) -> str:
    """Return the name of the sheet, which stands in the line at the foot of its page."""
    words = list(page.iter(WORD))
    foot = max(float(word.attrib["yMax"]) for word in words)
    line = [word for word in words if abs(float(word.attrib["yMax"]) - foot) < 2]
    left = [word for word in line if float(word.attrib["xMin"]) < 400]
    return " ".join(word.text or "" for word in left)


def _overlaps(page: ElementTree.Element) -> list[tuple[str | None, str | None]]:
    """Return the pairs of words that stand on each other."""
    boxes = []
    for word in page.iter(WORD):
        left, top, right, bottom = (
            float(word.attrib[side]) for side in ("xMin", "yMin", "xMax", "yMax")
        )
        middle = (top + bottom) / 2  # letters are less high than their box
        boxes.append((left, middle - 1, right, middle + 1, word.text))
    return [
        (one[4], other[4])
        for one, other in combinations(boxes, 2)
        if one[0] < other[2] - 1
        and other[0] < one[2] - 1
        and one[1] < other[3]
        and other[1] < one[3]
    ]
