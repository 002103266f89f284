"""Finds the rows that a filter or a person hides in a workbook. Runs in the child process.

calamine reads them like the others and doesn't say so. In an old workbook (xls) they can't be told:
the reader says so in a note.
"""

import html
import io
import posixpath
import re
import zipfile
from typing import Final

from rollbook.sources.numbers import header_number

_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\s[^<>]*>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\s[^<>]*>")
_XLSX_ROW: Final = re.compile(r"<(?:\w+:)?row(?:\s[^<>]*)?>")
_ODS_TABLE: Final = re.compile(r"<table:table\s[^<>]*>")
_ODS_ROW: Final = re.compile(r"<table:table-row(?:\s[^<>]*)?>")
_ATTRIBUTE: Final = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_LONGEST_REPEAT: Final = 2_000_000  # rows; a sheet of LibreOffice has about a million


def hidden_rows(content: bytes, kind: str, sheet: str) -> set[int]:
    """Return the numbers of the hidden rows of a sheet, from 1; none where they can't be known."""
    if kind not in ("xlsx", "ods"):
        return set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        try:
            if kind == "ods":
                return _hidden_in_ods(_text(archive, "content.xml"), sheet)
            return _hidden_in_xlsx(_text(archive, _part_of(archive, sheet)))
        except KeyError:  # a part that the workbook names isn't there
            return set()


def _text(archive: zipfile.ZipFile, part: str) -> str:
    return archive.read(part).decode("utf-8", "replace")


def _attributes(tag: str) -> dict[str, str]:
    attributes = _ATTRIBUTE.findall(tag)
    return {name: html.unescape(double or single) for name, double, single in attributes}


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """Return the name of the part with the cells of a sheet. Raises KeyError."""
    sheets = [_attributes(tag) for tag in _SHEET.findall(_text(archive, _WORKBOOK))]
    ids = {each.get("name"): each.get("r:id", "") for each in sheets}
    relations = [_attributes(tag) for tag in _RELATION.findall(_text(archive, _RELATIONS))]
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    target = targets[ids[sheet]]
    return target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _hidden_in_xlsx(part: str) -> set[int]:
    hidden = set()
    number = 0
    for tag in _XLSX_ROW.finditer(part):
        attributes = _attributes(tag[0])
        stated = header_number(attributes.get("r", ""))
        number = number + 1 if stated is None else stated
        if attributes.get("hidden") in ("1", "true"):
            hidden.add(number)
    return hidden


def _hidden_in_ods(part: str, sheet: str) -> set[int]:
    hidden: set[int] = set()
    for table in _ODS_TABLE.finditer(part):
        if _attributes(table[0]).get("table:name") != sheet:
            continue
        end = part.find("</table:table>", table.end())
        number = 0
        for tag in _ODS_ROW.findall(part, table.end(), end if end >= 0 else len(part)):
            attributes = _attributes(tag)
            stated = header_number(attributes.get("table:number-rows-repeated", "1"))
            repeats = 1 if stated is None else min(stated, _LONGEST_REPEAT)
            if attributes.get("table:visibility") in ("filter", "collapse"):
                hidden.update(range(number + 1, number + repeats + 1))
            number += repeats
        break
    return hidden
