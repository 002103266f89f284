"""`POST /ws/schema/query/{name}`: paging, order, `$q`, projection, arguments, versions, errors."""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
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
from rollbook.standins.powerschool.named_queries import NAMED_QUERIES, Filter, NamedQuery
from rollbook.standins.powerschool.plugins import Uploaded
from rollbook.standins.powerschool.schema import EXTENSIONS, order_key
from rollbook.standins.powerschool.tables import TABLES

PAGE_SIZE = 100
"""The default; 0 means all rows, and there is no maximum (OD)."""
INVALID = "Validation Failed"
ReadColumn = Callable[[District, int], str | int | None]
_WHOLE = re.compile("-?[0-9]{1,18}")


class PowerQueries:
    """Answers `/ws/schema/query` for one district and the grants of a plugin."""

    def __init__(self, district: District, grants: Grants) -> None:
        self.district, self.grants = district, grants
        self.plugin: Uploaded | None = None
        """The plugin that was uploaded, besides the queries that are always there."""

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """Return the answer; `rest` is the path after `/ws/schema/query`. Raises Refused."""
        if list(rest) == ["api"] or not rest:
            listed = [
                {"name": query.name, "description": query.description}
                for query in (*NAMED_QUERIES.values(), *self._uploaded().values())
            ]
            return json_response({"queries": listed})
        query = self._query(rest[0])
        if not query or list(rest[1:]) not in ([], ["count"], ["metadata"]):
            raise schema_error(404, f"Query {rest[0]} not found")  # WR, measured
        if rest[1:] == ["metadata"]:
            columns = [{"name": alias, "column": place} for alias, place in query.columns.items()]
            return json_response({"name": query.name, "columns": columns})
        if request.method != "POST":
            raise schema_error(405, f"{request.method} is not allowed on query")
        body = _body(request)
        self._permit(query)
        numbers = self._numbers(request, query, body)
        if rest[1:] == ["count"]:
            return json_response({"count": len(numbers)})
        return self._answer(request, query, body, numbers)

    def _uploaded(self) -> Mapping[str, NamedQuery]:
        return self.plugin.queries if self.plugin else {}

    def _query(self, name: str) -> NamedQuery | None:
        return NAMED_QUERIES.get(name) or self._uploaded().get(name)

    def _may_read(self, query: NamedQuery, place: str) -> bool:
        """Whether a column is granted; for an uploaded query, its own access request counts too."""
        of_plugin = self.plugin.access if self.plugin and query.required else None
        names = place.split(".")
        return self.grants.allow(*names) and (of_plugin is None or of_plugin.allow(*names))

    def _permit(self, query: NamedQuery) -> None:
        """Raise Refused unless every column of the query is granted (OD; body as in CB)."""
        refused = [place for place in query.columns.values() if not self._may_read(query, place)]
        if refused:
            raise schema_error(
                403,
                INVALID,
                [
                    {"resource": query.name, "field": place, "code": "No access to the field"}
                    for place in refused
                ],
            )

    def _numbers(self, request: Request, query: NamedQuery, body: dict[str, Any]) -> Sequence[int]:
        tests = _tests(query, str(body.get("$q") or request.query.get("$q") or ""))
        tests += _argument_tests(query, body)
        brief_tests = _filter_tests(query, body)
        first, key_arguments = _first_number(query, body)
        order = request.query.get("order", "")
        rest = {name: body[name] for name in body if name not in key_arguments}
        key = (query.name, repr(sorted(rest.items(), key=str)), request.query.get("$q"), order)
        sorting = _order(query, order)
        since = _since(body)
        district = self.district

        def build() -> Sequence[int]:
            numbers = district.roster.numbers()
            if since is not None:
                numbers = [
                    number for number in changed_since(district, since) if number in district.roster
                ]
            for read, test in brief_tests:
                numbers = [number for number in numbers if test(read(district, number))]
            numbers = _filtered(query, district, numbers, tests)
            for alias, descending in reversed(sorting):
                number_kind = query.kind(alias) == "number"
                numbers = sorted(
                    numbers,
                    key=partial(_sort_key, query, district, alias, number_kind),
                    reverse=descending,
                )
            return numbers

        numbers = district.index(key, build)
        if sorting:
            return [number for number in numbers if number >= first]
        return numbers[bisect_left(numbers, first) :]  # in the order of the DCID

    def _answer(
        self, request: Request, query: NamedQuery, body: dict[str, Any], numbers: Sequence[int]
    ) -> Response:
        """Return one page: `name` only with a coreTable, no `record` when empty (SW, GH, SM)."""
        size = _whole(request, "pagesize", PAGE_SIZE)
        start = (max(1, _whole(request, "page", 1)) - 1) * size
        page = numbers[start : start + size] if size else numbers
        pieces = self._pieces(query, _projection(request, query, body), page)
        top: dict[str, Any] = {"name": query.core_table} if query.core_table and pieces else {}
        if request.query.get("count", "").lower() == "true":
            top["count"] = len(numbers)
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
    """Return the numbers of the rows that pass all tests.

    Tests on status, grade and school run first: they need no row, which spares making 100,000.
    """
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
    on_rows = [(alias, test) for alias, test in tests if query.columns[alias] not in brief]
    if not on_rows:
        return numbers
    rows = ((number, query.row(district, number)) for number in numbers)
    return [number for number, row in rows if all(test(row.get(alias)) for alias, test in on_rows)]


def _flat(query: NamedQuery, shown: dict[str, str], number: int) -> dict[str, Any]:
    """Return a flattened row. Without a coreTable it has the columns only.

    With one it has `_name`, spelt as the top name (EP). `_id` is a number, if the key is selected.
    """
    if not query.core_table:
        return dict(shown)
    key = {"_id": number + FIRST_DCID - 1} if "dcid" in shown else {}
    return {"_name": query.core_table, **key, **shown}


def _grouped(query: NamedQuery, shown: dict[str, str], number: int) -> dict[str, Any]:
    tables: dict[str, dict[str, str]] = {}
    for alias, value in shown.items():
        table, _, column = query.columns[alias].partition(".")
        tables.setdefault(table, {})[column] = value
    if not query.core_table:
        return {"tables": tables}
    return {"id": number + FIRST_DCID - 1, "name": query.core_table, "tables": tables}


def _body(request: Request) -> dict[str, Any]:
    """Return the arguments. 415 for other content types is our choice; writes answer it (MD)."""
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
    """Return the tests of `$q`, in which OR and parentheses are not allowed (OD)."""
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
    """Return the tests of the arguments, each a number or a list of numbers.

    The body of the 400 is what PY expects.
    """
    tests: list[tuple[str, Test]] = []
    for argument, alias in query.arguments.items():
        value_or_list = body.get(argument)
        values = value_or_list if isinstance(value_or_list, list) else [value_or_list]
        if not values or not all(_WHOLE.fullmatch(str(value)) for value in values):
            error = {"resource": query.name, "field": argument}
            raise schema_error(400, INVALID, [{**error, "code": "Missing or invalid argument"}])
        tests.append((alias, condition(Term(argument, "==", tuple(map(str, values))), "number")))
    return tests


def _filter_tests(query: NamedQuery, body: dict[str, Any]) -> list[tuple[ReadColumn, Test]]:
    """Return the tests of an uploaded query's WHERE, which may be on columns it doesn't select."""
    for name in query.required:
        if not _WHOLE.fullmatch(str(body.get(name))):
            error = {"resource": query.name, "field": name, "code": "Missing or invalid argument"}
            raise schema_error(400, INVALID, [error])
    tests: list[tuple[ReadColumn, Test]] = []
    for each in query.filters:
        if _is_key(each):
            continue
        value = str(body[each.value[1:]]) if each.value.startswith(":") else each.value
        relation = {"=": "==", ">": "=gt=", ">=": "=ge="}[each.operator]
        tests.append((_reader_of(each.column), condition(Term("", relation, (value,)), "number")))
    return tests


def _is_key(each: Filter) -> bool:
    return each.column == "dcid" and each.operator != "="


def _first_number(query: NamedQuery, body: dict[str, Any]) -> tuple[int, set[str]]:
    """Return the lowest student number that `DCID > :argument` lets through, and such arguments.

    They are no part of a cached search, so that reading 100,000 students by key is quick.
    """
    first, arguments = 1, {"projection"}
    for each in query.filters:
        if _is_key(each):
            arguments.add(each.value[1:])
            dcid = int(body[each.value[1:]] if each.value.startswith(":") else each.value)
            first = max(first, dcid - FIRST_DCID + 1 + (each.operator == ">"))
    return first, arguments


def _reader_of(column: str) -> ReadColumn:
    """Return what reads a column of Students, without making the student where that is possible."""
    attribute = TABLES["students"].brief.get(column)
    if attribute is not None:
        return lambda district, number: getattr(district.roster.brief(number), attribute)
    return lambda district, number: TABLES["students"].row(district, number).get(column)


def _projection(request: Request, query: NamedQuery, body: dict[str, Any]) -> tuple[str, ...]:
    """Return the aliases asked for; semicolons separate them, not commas (OD)."""
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
    """Return aliases, each with whether it descends, from `table.col;desc,table.col2`."""
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
    """Return the data version asked for, or None. Both keys are required together (OD)."""
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
