"""The parts of an Excel file, as two other libraries and an XML parser read them."""

import zipfile
from io import BytesIO
from xml.etree import ElementTree

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from rollbook.sync.report import excel
from rollbook.sync.report.xlsx import PLAIN, text_cell


def a_book(*names: str) -> bytes:
    """Return a file with these sheets, each with more rows than are passed on at a time."""
    target = BytesIO()
    with excel.open_book(target, "Report & more") as book:
        for name in names:
            sheet = book.sheet(name, ["Heading", "Second"])
            for number in range(excel.SAMPLE + 2):
                sheet.add([number, None])
    return target.getvalue()


def test_a_text_that_looks_like_the_code_of_a_character_stays_a_text() -> None:
    """Excel reads _x0041_ as the letter A. The two libraries leave it as it is."""
    assert "<t>_x005F_x0041_ _x41_</t>" in text_cell("_x0041_ _x41_", PLAIN)


def test_every_part_of_the_file_is_well_formed_and_has_its_type() -> None:
    file = zipfile.ZipFile(BytesIO(a_book("Summary", "New")))
    assert file.testzip() is None
    parts = {name: ElementTree.fromstring(file.read(name)) for name in file.namelist()}
    types = parts.pop("[Content_Types].xml")
    typed = {each.get("PartName") for each in types if each.tag.endswith("Override")}
    assert typed == {f"/{name}" for name in parts if not name.endswith(".rels")}


def test_a_sheet_can_have_any_name_that_excel_takes() -> None:
    names = ["It's <one> & more", "Ünì 漢字"]
    content = a_book(*names)
    made = load_workbook(BytesIO(content))
    assert made.sheetnames == names
    assert made.properties.title == "Report & more"
    for page in made:
        read = [row[0] for row in page.iter_rows(min_row=2, values_only=True)]
        assert read == list(range(excel.SAMPLE + 2))
        assert page.auto_filter.ref == f"A1:B{excel.SAMPLE + 3}"
    by_calamine = CalamineWorkbook.from_filelike(BytesIO(content))
    assert len(by_calamine.get_sheet_by_index(1).to_python()) == excel.SAMPLE + 3
