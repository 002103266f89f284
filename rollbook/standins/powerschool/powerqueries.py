"""`POST /ws/schema/query/{name}`: paging, order, `$q`, projection, count, arguments, data version, and the errors."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.powerschool.access import Grants
from rollbook.standins.powerschool.answers import schema_error
from rollbook.standins.powerschool.changes import changed_since, data_version
from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.fiql import QueryError, Term, Test, WrongType, condition, parse
from rollbook.standins.powerschool.named_queries import NAMED_QUERIES, NamedQuery
from rollbook.standins.powerschool.schema import EXTENSIONS, order_key
from rollbook.standins.powerschool.tables import TABLES

PAGE_SIZE = 100
"""Default; 0 means everything, and there is no maximum (OD)."""
INVALID = "Validation Failed"
_WHOLE = re.compile("-?[0-9]{1,18}")


class PowerQueries:
    """Answers `/ws/schema/query` for one district and one plugin's grants."""

    def __init__(self, district: District, grants: Grants) -> None:
        self.district, self.grants = district, grants

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """`rest` is the path after `/ws/schema/query`. Raises Refused."""
        if list(rest) == ["api"] or not rest:
            listed = [
                {"name": query.name, "description": query.description}
                for query in NAMED_QUERIES.values()
            ]
            return json_response({"queries": listed})
        query = NAMED_QUERIES.get(rest[0])
        if not query or list(rest[1:]) not in ([], ["count"], ["metadata"]):
            raise schema_error(404, f"Query {rest[0]} not found")  # WR, measured
        if rest[1:] == ["metadata"]:
            columns = [{"name": alias, "column": place} for alias, place in query.columns.items()]
            return json_response({"name": query.name, "columns": columns})
        if request.method != "POST":
            raise schema_error(405, f"{request.method} is not allowed on query")
        body = _body(request)
        self._permit(query)
        found = self._found(request, query, body)
        if rest[1:] == ["count"]:
            return json_response({"count": len(found)})
        return self._answer(request, query, body, found)

    def _permit(self, query: NamedQuery) -> None:
        """Every column of the query must be granted (OD; body as in CB)."""
        refused = [
            place for place in query.columns.values() if not self.grants.allow(*place.split("."))
        ]
        if refused:
            raise schema_error(
                403,
                INVALID,
                [
                    {"resource": query.name, "field": place, "code": "No access to the field"}
                    for place in refused
                ],
            )

    def _found(self, request: Request, query: NamedQuery, body: dict[str, Any]) -> Sequence[int]:
        tests = _tests(query, str(body.get("$q") or request.query.get("$q") or ""))
        tests += _argument_tests(query, body)
        order = request.query.get("order", "")
        key = (query.name, repr(sorted(body.items(), key=str)), request.query.get("$q"), order)
        sorting = _order(query, order)
        since = _since(body)
        district = self.district

        def build() -> Sequence[int]:
            numbers = district.roster.numbers()
            if since is not None:
                numbers = [
                    number for number in changed_since(district, since) if number in district.roster
                ]
            numbers = _filtered(query, district, numbers, tests)
            for alias, descending in reversed(sorting):
                number_kind = query.kind(alias) == "number"
                numbers = sorted(
                    numbers,
                    key=partial(_sort_key, query, district, alias, number_kind),
                    reverse=descending,
                )
            return numbers

        return district.index(key, build)

    def _answer(
        self, request: Request, query: NamedQuery, body: dict[str, Any], found: Sequence[int]
    ) -> Response:
        """Top level: `name` only with a coreTable; no `record` at all when empty (SW, GH, SM)."""
        size = _whole(request, "pagesize", PAGE_SIZE)
        start = (max(1, _whole(request, "page", 1)) - 1) * size
        pieces = self._pieces(
            query, _projection(request, query, body), found[start : start + size] if size else found
        )
        top: dict[str, Any] = {"name": query.core_table} if query.core_table and pieces else {}
        if request.query.get("count", "").lower() == "true":
            top["count"] = len(found)
        if "$dataversion" in body:
            top["$dataversion"] = data_version(self.district)
        top["@extensions"] = EXTENSIONS if query.core_table and pieces else ""
        head = msgspec.json.encode(top)
        return Response(
            200, head[:-1] + (b',"record":[' + b",".join(pieces) + b"]}" if pieces else b"}")
        )

    def _pieces(
        self, query: NamedQuery, aliases: tuple[str, ...], numbers: Sequence[int]
    ) -> list[bytes]:
        district = self.district

        def make(number: int) -> bytes:
            row = query.row(district, number)
            shown = {alias: row[alias] for alias in aliases if alias in row}
            record = (
                _flat(query, shown, number) if query.flattened else _grouped(query, shown, number)
            )
            return msgspec.json.encode(record)

        return district.fragments.pieces(
            district.roster.version, (query.name, aliases), numbers, make
        )


def _filtered(
    query: NamedQuery, district: District, numbers: Sequence[int], tests: Sequence[tuple[str, Test]]
) -> Sequence[int]:
    """What the roster's brief knows is tested first: it spares making a hundred thousand rows."""
    brief = {
        f"students.{column}": attribute for column, attribute in TABLES["students"].brief.items()
    }
    for alias, test in tests:
        if attribute := brief.get(query.columns[alias]):
            numbers = [
                number
                for number in numbers
                if test(getattr(district.roster.brief(number), attribute))
            ]
    dear = [(alias, test) for alias, test in tests if query.columns[alias] not in brief]
    if not dear:
        return numbers
    rows = ((number, query.row(district, number)) for number in numbers)
    return [number for number, row in rows if all(test(row.get(alias)) for alias, test in dear)]


def _flat(query: NamedQuery, shown: dict[str, str], number: int) -> dict[str, Any]:
    """With a coreTable: `_name`, and `_id` as a number if the key is selected. Without: only columns."""
    if not query.core_table:
        return dict(shown)
    key = {"_id": number + FIRST_DCID - 1} if "dcid" in shown else {}
    return {"_name": query.core_table.lower(), **key, **shown}


def _grouped(query: NamedQuery, shown: dict[str, str], number: int) -> dict[str, Any]:
    tables: dict[str, dict[str, str]] = {}
    for alias, value in shown.items():
        table, _, column = query.columns[alias].partition(".")
        tables.setdefault(table, {})[column] = value
    if not query.core_table:
        return {"tables": tables}
    return {"id": number + FIRST_DCID - 1, "name": query.core_table, "tables": tables}


def _body(request: Request) -> dict[str, Any]:
    """The arguments. 415 for another content type is our choice; writes answer so (MD)."""
    if "json" not in request.headers.get("content-type", "").lower():
        raise schema_error(415, "Content-Type must be application/json")
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except msgspec.DecodeError:
        raise schema_error(400, "Malformed JSON in request body") from None
    if not isinstance(body, dict):
        raise schema_error(400, "Request body must be a JSON object")
    return body


def _tests(query: NamedQuery, q: str) -> list[tuple[str, Test]]:
    """OR and parentheses are not allowed in `$q` (OD)."""
    tests = []
    try:
        for term in parse(q, value_lists=False):
            alias = query.place(term.field)
            if not alias:
                raise QueryError(f"Invalid field {term.field}")
            tests.append((alias, condition(term, query.kind(alias))))
    except (QueryError, WrongType) as problem:
        raise schema_error(400, str(problem)) from None
    return tests


def _argument_tests(query: NamedQuery, body: dict[str, Any]) -> list[tuple[str, Test]]:
    """A number or a list of numbers for each argument. The body of the 400 is what PY expects."""
    tests: list[tuple[str, Test]] = []
    for argument, alias in query.arguments.items():
        given = body.get(argument)
        values = given if isinstance(given, list) else [given]
        if not values or not all(_WHOLE.fullmatch(str(value)) for value in values):
            raise schema_error(
                400,
                INVALID,
                [
                    {
                        "resource": query.name,
                        "field": argument,
                        "code": "Missing or invalid argument",
                    }
                ],
            )
        tests.append((alias, condition(Term(argument, "==", tuple(map(str, values))), "number")))
    return tests


def _projection(request: Request, query: NamedQuery, body: dict[str, Any]) -> tuple[str, ...]:
    """Semicolon-separated here, not comma (OD)."""
    asked = str(body.get("projection") or request.query.get("projection") or "")
    if not asked or asked == "*":
        return tuple(query.columns)
    aliases = []
    for name in asked.split(";"):
        alias = query.place(name.strip())
        if not alias:
            raise schema_error(
                400, f"Invalid field specified: {name} is not valid column for query: {query.name}"
            )
        aliases.append(alias)
    return tuple(aliases)


def _order(query: NamedQuery, order: str) -> list[tuple[str, bool]]:
    """`table.col;desc,table.col2` → aliases with "descending"."""
    sorting = []
    for part in filter(None, order.split(",")):
        name, _, direction = part.partition(";")
        alias = query.place(name.strip())
        if not alias:
            raise schema_error(400, f"Invalid field {name}")
        sorting.append((alias, direction.strip().lower() == "desc"))
    return sorting


def _sort_key(
    query: NamedQuery, district: District, alias: str, number_kind: bool, number: int
) -> Any:
    return order_key(query.row(district, number).get(alias), number_kind)


def _since(body: dict[str, Any]) -> int | None:
    """Both keys are required together (OD)."""
    if ("$dataversion" in body) != ("$dataversion_applicationname" in body):
        raise schema_error(
            400, "$dataversion and $dataversion_applicationname are required together"
        )
    version = str(body.get("$dataversion", ""))
    if "$dataversion" in body and not version.isdecimal():
        raise schema_error(400, f"Invalid data version {version}")
    return int(version) if version else None


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    if text and not (text.isdecimal() and len(text) < 10):
        raise schema_error(400, f"Invalid {name}: {text}")
    return int(text) if text else default
