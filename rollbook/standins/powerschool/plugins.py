"""A plugin zip as an administrator uploads it: its checks (OD, WR) and the queries it brings."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from rollbook.standins.powerschool.access import BLACKLISTED, Grants
from rollbook.standins.powerschool.named_queries import Filter, NamedQuery
from rollbook.standins.powerschool.tables import TABLES

NAMESPACE = "http://plugin.powerschool.pearson.com"
LEVELS = ("NONE", "READ", "FULL")
MOST_BYTES = 5_000_000
_BOUND = re.compile(r":(\w+)")
_FILTER = re.compile(r"(\w+)\.(\w+)\s*(=|>|>=)\s*(:\w+|-?\d+)", re.IGNORECASE)
_TABLE = re.compile(r"\b(?:from|join)\s+([a-z]\w*)\s+([a-z]\w*)\b", re.IGNORECASE)


class PluginRefused(ValueError):
    """PowerSchool refuses the upload; the message says why."""


class Uploaded(NamedTuple):
    """What a plugin brings. `access` are the fields of its access request, once approved."""

    name: str
    version: tuple[int, ...]
    level: str
    access: Grants
    queries: dict[str, NamedQuery]


def read_plugin(packed: bytes, before: Uploaded | None = None) -> Uploaded:
    """Return the plugin of a zip, or of a bare plugin.xml. Raises PluginRefused."""
    files = _files(packed)
    if "plugin.xml" not in files:
        raise PluginRefused("plugin.xml is missing at the root of the zip")
    root = _parsed("plugin.xml", files["plugin.xml"])
    if root.tag != f"{{{NAMESPACE}}}plugin":
        raise PluginRefused(f"the root of plugin.xml must be plugin of {NAMESPACE}")
    name = _attribute(root, "name", 40)
    version = _version(_attribute(root, "version", 20))
    _attribute(root, "description", 256)
    if before and before.name == name and version <= before.version:
        raise PluginRefused("the version must be higher than that of the installed plugin")
    level = _level(root)
    _check_publisher(root)
    access = Grants(False, frozenset(_access(root)), frozenset())
    queries = {
        query.name: query
        for path, content in files.items()
        if re.fullmatch(r"queries_root/[^/]+\.named_queries\.xml", path)
        for query in _queries(_parsed(path, content))
    }
    return Uploaded(name, version, level, access, queries)


def _files(packed: bytes) -> dict[str, bytes]:
    if packed.lstrip()[:1] == b"<":
        return {"plugin.xml": packed}
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MOST_BYTES:
                raise PluginRefused("the zip is too large")
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        raise PluginRefused("neither a zip nor a plugin.xml") from None


def _parsed(path: str, content: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise PluginRefused(f"{path} has a document type")
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise PluginRefused(f"{path} is not XML: {error}") from None


def _attribute(element: ElementTree.Element, name: str, longest: int) -> str:
    value = element.get(name, "")
    if not value or len(value) > longest:
        raise PluginRefused(f"{name} must have 1 to {longest} characters")
    return value


def _version(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(\.\d+)*", text):
        raise PluginRefused(f"{text} is not a version")
    return tuple(map(int, text.split(".")))


def _level(root: ElementTree.Element) -> str:
    """Return the access level of the v1 API: NONE unless the plugin asks for more (OD)."""
    oauth = root.find(f"{{{NAMESPACE}}}oauth")
    level = "NONE" if oauth is None else oauth.get("accessLevelV1Api", "NONE")
    if level not in LEVELS:
        raise PluginRefused(f"{level} is no access level")
    return level


def _check_publisher(root: ElementTree.Element) -> None:
    publisher = root.find(f"{{{NAMESPACE}}}publisher")
    contact = None if publisher is None else publisher.find(f"{{{NAMESPACE}}}contact")
    if publisher is None or not publisher.get("name") or contact is None:
        raise PluginRefused("publisher with name and contact is required")
    if "@" not in contact.get("email", ""):
        raise PluginRefused("the contact needs an e-mail")


def _access(root: ElementTree.Element) -> Iterator[str]:
    """Yield the fields of the access request. One that doesn't exist fails the upload (WR)."""
    for field in root.iterfind(f"{{{NAMESPACE}}}access_request/{{{NAMESPACE}}}field"):
        table, column = _attribute(field, "table", 30), _attribute(field, "field", 30)
        if field.get("access") not in ("ViewOnly", "FullAccess"):
            raise PluginRefused(f"access of {table}.{column} must be ViewOnly or FullAccess")
        place = _place(f"{table}.{column}")
        if place in BLACKLISTED:
            raise PluginRefused(f"{table}.{column} can't be requested")
        yield place


def _place(text: str) -> str:
    """Return table.column in lower case. Raises PluginRefused where there is none."""
    table, _, column = text.lower().partition(".")
    if table not in TABLES or column not in {name.lower() for name in TABLES[table].columns}:
        raise PluginRefused(f"the field {text} does not exist")
    return f"{table}.{column}"


def _queries(root: ElementTree.Element) -> Iterator[NamedQuery]:
    """Yield the queries of a file. One with an undeclared variable is silently left out (WR)."""
    if root.tag != "queries":
        raise PluginRefused("the root must be queries, without a namespace")
    for element in root.iterfind("query"):
        query = _query(element)
        if query is not None:
            yield query


def _query(element: ElementTree.Element) -> NamedQuery | None:
    name = element.get("name", "")
    if name.count(".") != 4:
        raise PluginRefused(f"{name} must have five parts")
    columns: dict[str, str] = {}
    for column in element.iterfind("columns/column"):
        alias = (column.text or "").strip().lower()
        if not alias or alias in columns:
            raise PluginRefused(f"the alias {alias} must be unique")
        columns[alias] = _place(column.get("column", ""))
    sql = " ".join((element.findtext("sql") or "").split())
    _check_select(sql, list(columns.values()))
    declared = {arg.get("name", "") for arg in element.iterfind("args/arg")}
    bound = set(_BOUND.findall(sql))
    if bound - declared:
        return None
    return NamedQuery(
        name=name,
        description=element.findtext("description") or "",
        columns=columns,
        flattened=element.get("flattened") == "true",
        core_table=_core_table(element.get("coreTable", "")),
        arguments={},
        filters=tuple(_filters(sql)),
        required=tuple(sorted(declared)),
    )


def _core_table(name: str) -> str:
    if not name:
        return ""
    if name.lower() != "students":
        raise PluginRefused("this stand-in runs queries of students only")
    return name


def _check_select(sql: str, places: Sequence[str]) -> None:
    """Check that the SQL selects the columns in their order. Raises PluginRefused."""
    if not re.match(r"select\s", sql, re.IGNORECASE) or ";" in sql:
        raise PluginRefused("only a SELECT is allowed")
    selected = re.split(r"\sfrom\s", sql[7:], maxsplit=1, flags=re.IGNORECASE)[0].split(",")
    names = [part.strip().rpartition(".")[2].lower() for part in selected]
    if names != [place.partition(".")[2] for place in places]:
        raise PluginRefused("columns and SELECT differ in number or order")


def _filters(sql: str) -> Iterator[Filter]:
    """Yield the conditions of the last WHERE, which this stand-in can run on students."""
    tables: dict[str, str] = {alias.lower(): table.lower() for table, alias in _TABLE.findall(sql)}
    where = re.split(r"\bwhere\b", sql, flags=re.IGNORECASE)[-1]
    conditions = re.split(r"\border by\b", where, flags=re.IGNORECASE)[0]
    for part in re.split(r"\band\b", conditions, flags=re.IGNORECASE):
        match = _FILTER.fullmatch(part.strip())
        if not match or tables.get(match[1].lower()) != "students":
            raise PluginRefused(f"this stand-in can't run {part.strip()!r}")
        yield Filter(match[2].lower(), match[3], match[4])
