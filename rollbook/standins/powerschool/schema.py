"""`/ws/schema/table/...`: lists, counts, records and metadata, with errors as WR measured them."""

from array import array
from collections.abc import Sequence
from typing import Any

import msgspec

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.powerschool.access import Grants
from rollbook.standins.powerschool.answers import schema_error
from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.fiql import QueryError, Term, Test, WrongType, condition, parse
from rollbook.standins.powerschool.student_json import AVAILABLE
from rollbook.standins.powerschool.tables import CLOSED, TABLES, Table

NOT_FOUND = "Resource not found"
CLOSED_MESSAGE = "GET, POST and PUT are not allowed on table"
NO_PERMISSION = "At least one column lacks sufficient permission"
EXTENSIONS = AVAILABLE["@extensions"]


class Schema:
    """Answers `/ws/schema/table` for one district and the grants of a plugin."""

    def __init__(self, district: District, page_size_max: int, grants: Grants) -> None:
        self.district, self.page_size_max, self.grants = district, page_size_max, grants

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """Return the answer; `rest` is the path after `/ws/schema/table`. Raises Refused."""
        if not rest:
            return json_response({"tables": [{"name": table.name} for table in TABLES.values()]})
        table = self._table(rest[0])
        if request.method not in ("GET", "HEAD"):
            raise self._write_refused(request, table, rest[1:])
        match rest[1:]:
            case []:
                return self._list(request, table)
            case ["count"]:
                return json_response({"count": len(self._keys(request, table))})
            case ["metadata"]:
                return json_response(self._metadata(table))
            case [dcid] if dcid.isdecimal() and len(dcid) < 12:
                return self._single(request, table, int(dcid))
        raise schema_error(404, NOT_FOUND)

    def _table(self, name: str) -> Table:
        if name.lower() in CLOSED:
            raise schema_error(405, CLOSED_MESSAGE)
        if name.lower() not in TABLES:
            raise schema_error(404, NOT_FOUND)
        return TABLES[name.lower()]

    def _write_refused(self, request: Request, table: Table, rest: Sequence[str]) -> Exception:
        """Return the error for a write: nothing is ever written.

        PUT on a missing and POST on an existing row of an extension name the other verb (TE).
        """
        if table.extension and len(rest) == 1 and rest[0].isdecimal():
            exists = table.number_of(int(rest[0])) in table.keys(self.district)
            if request.method == "PUT" and not exists:
                return schema_error(404, "Record not found: use POST to insert it")
            if request.method == "POST" and exists:
                return schema_error(404, "Record exists already: use PUT to update it")
        return schema_error(405, CLOSED_MESSAGE)

    def _metadata(self, table: Table) -> dict[str, Any]:
        """Return the metadata. `access` is always there; clients read nothing else (TS)."""
        return {
            "name": table.name,
            "comment": f"Made-up {table.name}",
            "primaryKey": table.primary_key,
            "columns": [
                {
                    "name": column,
                    "type": kind.upper(),
                    "comment": "",
                    "access": self.grants.access(table.name, column),
                }
                for column, kind in table.columns.items()
            ],
        }

    def _list(self, request: Request, table: Table) -> Response:
        columns = self._projection(request, table)
        keys = self._keys(request, table, columns)
        size = min(self._whole(request, "pagesize", 0) or self.page_size_max, self.page_size_max)
        start = (max(1, self._whole(request, "page", 1)) - 1) * size
        pieces = self._pieces(table, tuple(columns), keys[start : start + size])
        head = msgspec.json.encode({"name": table.name})[:-1]
        tail = b',"@extensions":' + msgspec.json.encode(EXTENSIONS) + b"}"
        # An empty table is an empty list; 29 recorded answers (EP).
        records = b',"record":[' + b",".join(pieces) + b"]"
        return Response(200, head + records + tail)

    def _single(self, request: Request, table: Table, dcid: int) -> Response:
        """Return one record; without a projection every granted column, because TS sends none."""
        columns = (
            self._projection(request, table)
            if "projection" in request.query
            else self._granted(table)
        )
        self._permit(table, columns)
        key = table.number_of(dcid)
        if key not in table.keys(self.district):
            raise schema_error(404, NOT_FOUND)
        return Response(200, self._pieces(table, tuple(columns), [key])[0])

    def _pieces(self, table: Table, columns: tuple[str, ...], keys: Sequence[int]) -> list[bytes]:
        """Return records: `id` a number, columns in lower case, their values text (SW, MF, TS)."""
        names = [column.lower() for column in columns]
        outer, inner = table.name, table.name.lower()

        def make(key: int) -> bytes:
            row = table.row(self.district, key)
            # Every column that was asked for is there, an empty one as "" (EP, captured).
            shown = {name: row.get(name, "") for name in names}
            return msgspec.json.encode(
                {"id": table.key_of(key), "name": outer, "tables": {inner: shown}}
            )

        district = self.district
        return district.fragments.pieces(district.roster.version, (inner, columns), keys, make)

    def _projection(self, request: Request, table: Table) -> list[str]:
        """Return the columns as the request spells them.

        Raises Refused; 400 without a projection is our choice.
        """
        asked = request.query.get("projection", "").strip()
        if not asked:
            raise schema_error(400, "Projection is required")
        known = {column.lower() for column in table.columns}
        columns: list[str] = []
        for word in asked.split(","):
            name = word.strip()
            prefix, dot, column = name.rpartition(".")
            column = column if not dot or prefix.lower() == table.name.lower() else name
            if column == "*":
                columns += self._granted(table)
            elif column.lower() in known:
                columns.append(column)
            else:
                raise schema_error(
                    400,
                    f"Invalid field specified: {name} is not valid column for table: {table.name}",
                )
        return columns

    def _granted(self, table: Table) -> list[str]:
        return [column for column in table.columns if self.grants.allow(table.name, column)]

    def _permit(self, table: Table, columns: Sequence[str]) -> None:
        refused = [column for column in columns if not self.grants.allow(table.name, column)]
        if refused:
            raise schema_error(
                403,
                NO_PERMISSION,
                [
                    {"code": "NoAccess", "field": column, "resource": table.name}
                    for column in dict.fromkeys(refused)
                ],
            )

    def _keys(
        self, request: Request, table: Table, projection: Sequence[str] = ()
    ) -> Sequence[int]:
        """Return the keys of the rows that match `q`, sorted.

        Columns are checked first, then types, then permissions (WR, measured).
        """
        q = request.query.get("q", "").strip()
        sort = request.query.get("sort", "").strip().lower()
        descending = request.query.get("sortdescending", "").lower() == "true"
        terms = self._terms(q, table)
        tests = [(column, _test(term, kind, column)) for term, column, kind in terms]
        self._permit(table, [*projection, *[column for column, _ in tests]])
        if sort and sort not in {column.lower() for column in table.columns}:
            raise schema_error(400, f"Invalid field {sort}")
        if not tests and not sort:
            return table.keys(self.district)
        key = (table.name, q, sort, descending)
        return self.district.index(key, lambda: self._search(table, tests, sort, descending))

    def _terms(self, q: str, table: Table) -> list[tuple[Term, str, str]]:
        canonical = {column.lower(): column for column in table.columns}
        terms = []
        try:
            parsed = parse(q)
        except QueryError as problem:
            raise schema_error(400, str(problem)) from None
        for term in parsed:
            name = term.field.lower().removeprefix(f"{table.name.lower()}.")
            if name not in canonical:
                raise schema_error(400, f"Invalid field {term.field}")
            terms.append((term, canonical[name], table.columns[canonical[name]]))
        return terms

    def _search(
        self, table: Table, tests: Sequence[tuple[str, Test]], sort: str, descending: bool
    ) -> Sequence[int]:
        district = self.district
        on_brief: list[tuple[str, Test]] = []  # need no row to be made
        on_rows: list[tuple[str, Test]] = []
        for column, test in tests:
            if attribute := table.brief.get(column.lower()):
                on_brief.append((attribute, test))
            else:
                on_rows.append((column.lower(), test))
        keys = table.keys(district)
        for attribute, test in on_brief:
            briefs = ((key, district.roster.brief(key)) for key in keys)
            keys = array("L", (key for key, brief in briefs if test(getattr(brief, attribute))))
        if on_rows:
            rows = ((key, table.row(district, key)) for key in keys)
            keys = array(
                "L",
                (key for key, row in rows if all(test(row.get(name)) for name, test in on_rows)),
            )
        if sort:
            kinds = {column.lower(): kind for column, kind in table.columns.items()}
            is_number = kinds[sort] == "number"
            keys = sorted(
                keys,
                key=lambda key: order_key(table.row(district, key).get(sort), is_number),
                reverse=descending,
            )
        return keys

    def _whole(self, request: Request, name: str, default: int) -> int:
        text = request.query.get(name, "")
        if text and not (text.isdecimal() and len(text) < 10):
            raise schema_error(400, f"Invalid {name}: {text}")
        return int(text) if text else default


def order_key(value: str | None, number: bool) -> tuple[bool, int, str]:
    """Return a key that sorts numbers by size, text by letter, and absent values last."""
    if value is None:
        return (True, 0, "")
    if number and value.lstrip("-").isdecimal():
        return (False, int(value), "")
    return (False, 0, value)


def _test(term: Term, kind: str, column: str) -> Test:
    if kind == "clob":
        raise schema_error(400, "Querying not supported against clob or blob field types")
    try:
        return condition(term._replace(field=column), {"boolean": "number"}.get(kind, kind))
    except WrongType as problem:
        raise schema_error(400, str(problem)) from None
