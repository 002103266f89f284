"""How the Excel report looks: colours, heights of rows, and how it prints."""

from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from rollbook.schools.models import School
from rollbook.sync.models import Run
from rollbook.sync.report import workbook
from tests.sync.report_runs import a_run, linked, new, problem, updated

pytestmark = pytest.mark.django_db

UPDATED = "Existing & Update"


def book(run: Run) -> Workbook:
    target = BytesIO()
    workbook.write_report(run, target)
    return load_workbook(target)


def test_before_and_after_have_the_colours_of_the_page(school: School) -> None:
    sheet = book(a_run(school, [updated({"last_name": "H"}, {"last_name": "Hopper"})]))[UPDATED]
    headings = [cell.value for cell in sheet[1]]
    colours = {cell.fill.fgColor.rgb for cell in sheet[2]} - {"00000000"}
    assert colours == {"FFFBE7E4", "FFE4F2E7"}
    assert sheet[2][headings.index("Before")].fill.fgColor.rgb == "FFFBE7E4"


def test_rows_are_as_high_as_their_longest_text(school: School) -> None:
    what, remedy = "A sentence of so many words. " * 8, "One line\nand a second one"
    sheet = book(a_run(school, error_what=what, error_remedy=remedy))["Summary"]
    heights = {
        cell.value: sheet.row_dimensions[number].height
        for number, cell in enumerate(sheet["A"], start=1)
    }
    assert heights["School"] is None
    assert heights["What went wrong"] == 4 * 15
    assert heights["What to do"] == 2 * 15


def test_prints_one_page_wide_with_the_headings_on_each_page(school: School) -> None:
    for sheet in book(a_run(school, [new(), linked()], [problem()])):
        assert sheet.page_setup.orientation == "landscape"
        page = sheet.sheet_properties.pageSetUpPr
        assert page is not None
        assert page.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.print_title_rows == "$1:$1"
