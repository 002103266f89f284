"""The zip archive and the XML of an Excel file (ECMA-376), written part by part as rows come.

It knows no more than the files of Rollbook need: texts, whole numbers and dates, a few looks of a
cell, frozen headings, filters, widths, and one page in width when it is printed. xlsxwriter makes
several calls for each cell: for 95,000 rows of nine cells it took 6.8 s of CPU, this takes 1.4 s.
The writers with a core in Rust (rustpy-xlsxwriter, xlsxturbo, jetxl, opensheet-core) can't mark
single cells as text that is no formula.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import IO, Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from rollbook.roster.sheets.columns import column_letter

# The looks of a cell: places in the list of _STYLES. A tint is added to one of the last four.
HEADING, PLAIN, GUARDED, LONG, DATE = 1, 2, 3, 4, 5
NO_TINT, BEFORE, AFTER = 0, 4, 8
LINE_HEIGHT, HEADING_HEIGHT = 15, 20  # points

_DAY_0: Final = date(1899, 12, 30)  # as Excel counts from 1 March 1900 on
# Readers take _x000D_ for a character's code, so an underscore before such a text is a code too.
_LIKE_A_CODE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FORMATS: Final = "http://schemas.openxmlformats.org"
_MAIN: Final = f"{_FORMATS}/spreadsheetml/2006/main"
_OF_DOCUMENT: Final = f"{_FORMATS}/officeDocument/2006/relationships"
_OF_PACKAGE: Final = f"{_FORMATS}/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CORE_TYPE: Final = "application/vnd.openxmlformats-package.core-properties+xml"
_RELATIONS_TYPE: Final = "application/vnd.openxmlformats-package.relationships+xml"

_FONT: Final = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
_TOP: Final = '<alignment horizontal="left" vertical="top"/>'
_WRAPPED: Final = '<alignment vertical="top" wrapText="1"/>'
# Fills of headings, and of values before and after as on the screen.
_FILLS: Final = ("EEF1F5", "FBE7E4", "E4F2E7")


def _looks(fill: int) -> str:
    """Return the last four looks with a fill."""
    usual = f'fontId="0" fillId="{fill}" borderId="0" xfId="0"'
    if fill:
        usual += ' applyFill="1"'
    return (
        f'<xf numFmtId="0" {usual} applyAlignment="1">{_TOP}</xf>'
        f'<xf numFmtId="0" {usual} quotePrefix="1" applyAlignment="1">{_WRAPPED}</xf>'
        f'<xf numFmtId="0" {usual} applyAlignment="1">{_WRAPPED}</xf>'
        f'<xf numFmtId="164" {usual} applyNumberFormat="1" applyAlignment="1">'
        f"{_TOP}</xf>"
    )


def _fill(colour: str) -> str:
    return (
        f'<fill><patternFill patternType="solid"><fgColor rgb="FF{colour}"/>'
        '<bgColor indexed="64"/></patternFill></fill>'
    )


_STYLES: Final = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
    f'<fonts count="2"><font>{_FONT}</font><font><b/>{_FONT}</font></fonts>'
    f'<fills count="{2 + len(_FILLS)}"><fill><patternFill patternType="none"/></fill>'
    f'<fill><patternFill patternType="gray125"/></fill>{"".join(map(_fill, _FILLS))}</fills>'
    '<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>'
    '<border><left/><right/><top/><bottom style="thin"><color auto="1"/></bottom><diagonal/>'
    "</border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="14"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="2" borderId="1" xfId="0" applyFont="1" applyFill="1" '
    f'applyBorder="1" applyAlignment="1">{_TOP}</xf>'
    f"{_looks(0)}{_looks(3)}{_looks(4)}</cellXfs>"
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)
# As wide as one page in landscape, as long as it gets; the name of the sheet and the page below.
_SHEET_END: Final = (
    '<pageMargins left="0.4" right="0.4" top="0.5" bottom="0.6" header="0.3" footer="0.3"/>'
    '<pageSetup orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
    "<headerFooter><oddFooter>&amp;L&amp;A&amp;R&amp;P / &amp;N</oddFooter></headerFooter>"
    '<ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors>'
    "</worksheet>"
)


def text_cell(text: str, style: int) -> str:
    """Return a text as the end of a cell, to be put after `<c r="A1`."""
    if "_x" in text:
        text = _LIKE_A_CODE.sub("_x005F_", text)
    if "&" in text or "<" in text or ">" in text:
        text = escape(text)
    space = ' xml:space="preserve"' if text[:1].isspace() or text[-1:].isspace() else ""
    return f'" s="{style}" t="inlineStr"><is><t{space}>{text}</t></is></c>'


def number_cell(value: int, style: int = PLAIN) -> str:
    """Return a whole number as the end of a cell."""
    return f'" s="{style}"><v>{value}</v></c>'


def date_cell(day: date, tint: int = NO_TINT) -> str:
    """Return a date from 1 March 1900 on as the end of a cell."""
    return number_cell((day - _DAY_0).days, DATE + tint)


def row_xml(number: int, cells: str, lines: int = 1) -> str:
    """Return a row, as high as so many lines. Row 1 has the headings."""
    if lines == 1 and number > 1:
        return f'<row r="{number}">{cells}</row>'
    height = HEADING_HEIGHT if number == 1 else lines * LINE_HEIGHT
    return f'<row r="{number}" ht="{height}" customHeight="1">{cells}</row>'


class XlsxFile:
    """An Excel file that is written to a binary file: one sheet after another, row by row."""

    def __init__(self, target: IO[bytes], title: str) -> None:
        self._archive = ZipFile(target, "w", ZIP_DEFLATED)
        self._title = title
        self._names: list[str] = []
        self._filters: list[str] = []
        self._part: IO[bytes] | None = None

    def begin_sheet(self, name: str, widths: Sequence[int]) -> None:
        """Begin a sheet with columns of these widths, in digits of the standard font."""
        self._names.append(name)
        number = len(self._names)
        selected = ' tabSelected="1"' if number == 1 else ""
        columns = [
            # Excel adds five pixels to the width of the digits; a digit has seven.
            f'<col min="{place}" max="{place}" width="{width}.7109375" style="{PLAIN}" '
            'customWidth="1"/>'
            for place, width in enumerate(widths, start=1)
        ]
        self._part = self._archive.open(f"xl/worksheets/sheet{number}.xml", "w")
        self.write(
            f'{_XML}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
            f'<sheetViews><sheetView{selected} workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            '<selection pane="bottomLeft"/></sheetView></sheetViews>'
            f'<sheetFormatPr defaultRowHeight="15"/><cols>{"".join(columns)}</cols><sheetData>'
        )

    def write(self, xml: str) -> None:
        """Add XML of the open sheet: whole rows."""
        assert self._part is not None
        self._part.write(xml.encode())

    def end_sheet(self, rows: int, columns: int) -> None:
        """End the open sheet, with a filter over so many rows and columns."""
        last = column_letter(columns - 1)
        self.write(f'</sheetData><autoFilter ref="A1:{last}{rows}"/>{_SHEET_END}')
        assert self._part is not None
        self._part.close()
        self._part = None
        self._filters.append(f"$A$1:${last}${rows}")

    def close(self) -> None:
        """Write what the file has besides its sheets, and close the archive."""
        count = len(self._names)
        parts = {
            "xl/workbook.xml": _workbook(self._names, self._filters),
            "xl/_rels/workbook.xml.rels": _workbook_relations(count),
            "xl/styles.xml": _STYLES,
            "docProps/core.xml": _properties(self._title),
            "_rels/.rels": _relations(
                [
                    (f"{_OF_DOCUMENT}/officeDocument", "xl/workbook.xml"),
                    (f"{_OF_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
                ]
            ),
            "[Content_Types].xml": _content_types(count),
        }
        for name, xml in parts.items():
            self._archive.writestr(name, xml)
        self._archive.close()

    def abandon(self) -> None:
        """Close the archive as it is: a full disk complains again here, and was reported before."""
        if self._part is not None:
            with suppress(OSError):
                self._part.close()
        with suppress(OSError):
            self._archive.close()


def _workbook(names: Sequence[str], filters: Sequence[str]) -> str:
    """Return the part with the names of the sheets.

    Excel needs each filter's range here too, and the headings that each printed page repeats.
    """
    sheets, ranges = [], []
    for place, (name, filtered) in enumerate(zip(names, filters, strict=True)):
        number = place + 1
        sheets.append(f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>')
        quoted = escape(name.replace("'", "''"))
        ranges.append(
            f'<definedName name="_xlnm._FilterDatabase" localSheetId="{place}" hidden="1">'
            f"'{quoted}'!{filtered}</definedName>"
            f'<definedName name="_xlnm.Print_Titles" localSheetId="{place}">'
            f"'{quoted}'!$1:$1</definedName>"
        )
    return (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OF_DOCUMENT}">'
        '<bookViews><workbookView xWindow="240" yWindow="15" windowWidth="16095" '
        f'windowHeight="9660"/></bookViews><sheets>{"".join(sheets)}</sheets>'
        f"<definedNames>{''.join(ranges)}</definedNames></workbook>"
    )


def _workbook_relations(count: int) -> str:
    sheets = [
        (f"{_OF_DOCUMENT}/worksheet", f"worksheets/sheet{number}.xml")
        for number in range(1, count + 1)
    ]
    return _relations([*sheets, (f"{_OF_DOCUMENT}/styles", "styles.xml")])


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    """Return a part that names other parts: (kind, path) each."""
    lines = [
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{path}"/>'
        for number, (kind, path) in enumerate(targets, start=1)
    ]
    return (
        f'{_XML}<Relationships xmlns="{_OF_PACKAGE}/relationships">{"".join(lines)}</Relationships>'
    )


def _content_types(count: int) -> str:
    types = {
        "/xl/workbook.xml": f"{_TYPE}.sheet.main+xml",
        "/xl/styles.xml": f"{_TYPE}.styles+xml",
        "/docProps/core.xml": _CORE_TYPE,
    }
    for number in range(1, count + 1):
        types[f"/xl/worksheets/sheet{number}.xml"] = f"{_TYPE}.worksheet+xml"
    lines = [f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in types.items()]
    return (
        f'{_XML}<Types xmlns="{_OF_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{_RELATIONS_TYPE}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{"".join(lines)}</Types>'
    )


def _properties(title: str) -> str:
    """Return the part with the title and the time. No author: such a file is passed on."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'{_XML}<cp:coreProperties xmlns:cp="{_OF_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dc:creator></dc:creator>"
        "<cp:lastModifiedBy></cp:lastModifiedBy>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{now}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{now}</dcterms:modified></cp:coreProperties>'
    )
