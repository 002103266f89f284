"""A running stand-in of any vendor: server, faults, request log and control endpoints."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from threading import Event, Lock
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TypedDict

import msgspec

from rollbook.standins.faults import Fault, FaultBoard, Kind, play
from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.roster import Known, Roster
from rollbook.standins.server import Server, Wire

LOGGED = 100_000


class Vendor(Protocol):
    """What each vendor provides: answers, and tokens that can be revoked."""

    roster: Roster
    client_id: str
    client_secret: str
    about: Mapping[str, str]
    """What else a client needs to connect."""

    def handle(self, request: Request) -> Response: ...

    def revoke_tokens(self) -> None: ...


class Logged(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    page: int = 1


class ServerOptions(TypedDict, total=False):
    """How the server behaves towards any client."""

    host: str
    port: int
    """0, the default, picks a free one; read it from `.url`."""
    gzip: bool
    latency_ms: int
    faults: Iterable[Fault]


class StandIn:
    """A server that listens once it is made; `with` or `stop()` ends it."""

    def __init__(
        self,
        vendor: Vendor,
        kinds: Mapping[str, Kind],
        options: ServerOptions,
        usual_path: str,
    ) -> None:
        self.vendor, self.latency = vendor, options.get("latency_ms", 0) / 1000
        self.requests: deque[Logged] = deque(maxlen=LOGGED)
        self._board = FaultBoard(kinds, usual_path)
        self._board.set(options.get("faults", ()))
        self._holds: dict[str, Event] = {}
        self._lock = Lock()
        self._server = Server(
            self._exchange,
            options.get("host", "127.0.0.1"),
            options.get("port", 0),
            zip_bodies=options.get("gzip", True),
        )
        self.url = self._server.url

    @property
    def client_id(self) -> str:
        return self.vendor.client_id

    @property
    def client_secret(self) -> str:
        return self.vendor.client_secret

    def roster(self) -> list[Known]:
        """Return every student as the stand-in knows it."""
        return list(self.vendor.roster.known())

    def edit(self, dcid: int, **changes: Any) -> None:
        """Change fields of a student. Raises KeyError for an unknown student or field."""
        self.vendor.roster.edit(dcid - FIRST_DCID + 1, changes)

    @property
    def week(self) -> int:
        return self.vendor.roster.week

    @week.setter
    def week(self, week: int) -> None:
        self.vendor.roster.week = week

    @property
    def fault_kinds(self) -> Mapping[str, Kind]:
        return self._board.kinds

    @property
    def faults(self) -> list[Fault]:
        return self._board.faults

    @faults.setter
    def faults(self, faults: Iterable[Fault]) -> None:
        """Replace all faults; [] ends them. Held requests go on."""
        self._board.set(faults)
        self.release()

    def release(self, name: str | None = None) -> None:
        """Let held requests go on: those under one name, or all."""
        with self._lock:
            for each in [name] if name is not None else list(self._holds):
                self._holds.pop(each, Event()).set()

    def revoke_tokens(self) -> None:
        self.vendor.revoke_tokens()

    def handle(self, request: Request) -> Response:
        return self.vendor.handle(request)

    def release_event(self, name: str) -> Event:
        """Return the event that lets requests held under this name go on."""
        with self._lock:
            return self._holds.setdefault(name, Event())

    @property
    def holding(self) -> list[str]:
        """The names under which requests are held."""
        return sorted(self._holds)

    def stop(self) -> None:
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    def _exchange(self, request: Request, wire: Wire) -> None:
        if request.path.startswith("/_standin"):
            wire.send(control(self, request), request)
            return
        if self.latency and not wire.wait(self.latency):
            wire.hang_up()
            return
        self.requests.append(Logged(request.method, request.path, request.query, request.page()))
        play(request, self._board.firing(request), self, wire)


def control(standin: StandIn, request: Request) -> Response:
    """Answer a request under `/_standin/`, which is part of no vendor's API and free of faults."""
    what = request.path.removeprefix("/_standin").strip("/")
    try:
        act = _ACTS[request.method, what]
    except KeyError:
        return json_response(
            {
                "error": f"no {request.method} /_standin/{what}",
                "there are": [f"{method} /_standin/{name}" for method, name in _ACTS],
            },
            404,
        )
    try:
        return json_response(act(standin, request))
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError) as problem:
        return json_response({"error": str(problem)}, 400)


class _Week(msgspec.Struct, forbid_unknown_fields=True):
    week: int


class _Edit(msgspec.Struct, forbid_unknown_fields=True):
    dcid: int
    set: dict[str, str | int]


class _Release(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None


def _get_roster(standin: StandIn, request: Request) -> Any:
    grades = request.query.get("grades", "")
    statuses = request.query.get("status", "")
    rows: Iterable[Known] = standin.vendor.roster.known()
    if grades:
        chosen_grades = {int(grade) for grade in grades.split(",")}
        rows = (row for row in rows if row.grade_level in chosen_grades)
    if statuses:
        chosen_statuses = {int(status) for status in statuses.split(",")}
        rows = (row for row in rows if row.enroll_status in chosen_statuses)
    students = list(rows)
    return {"week": standin.week, "count": len(students), "students": students}


def _get_week(standin: StandIn, request: Request) -> Any:
    return {"week": standin.week}


def _post_week(standin: StandIn, request: Request) -> Any:
    standin.week = msgspec.json.decode(request.body, type=_Week).week
    return {"week": standin.week, "students": len(standin.vendor.roster)}


def _get_faults(standin: StandIn, request: Request) -> Any:
    return {
        "faults": standin.faults,
        "kinds": {name: kind.what for name, kind in standin.fault_kinds.items()},
    }


def _post_faults(standin: StandIn, request: Request) -> Any:
    standin.faults = msgspec.json.decode(request.body, type=list[Fault])
    return {"faults": standin.faults}


def _get_requests(standin: StandIn, request: Request) -> Any:
    entries = list(standin.requests)
    paths = Counter(f"{entry.method} {entry.path}" for entry in entries)
    return {"total": len(entries), "paths": dict(paths), "holding": standin.holding}


def _post_edit(standin: StandIn, request: Request) -> Any:
    edit = msgspec.json.decode(request.body, type=_Edit)
    standin.edit(edit.dcid, **edit.set)
    return {"edited": edit.dcid}


def _post_revoke(standin: StandIn, request: Request) -> Any:
    standin.revoke_tokens()
    return {"revoked": True}


def _post_plugin(standin: StandIn, request: Request) -> Any:
    """Install an uploaded plugin. A ValueError says why it is refused."""
    install = getattr(standin.vendor, "install", None)
    if install is None:
        raise ValueError("this SIS has no plugins")
    plugin = install(request.body)
    return {
        "installed": plugin.name,
        "version": ".".join(map(str, plugin.version)),
        "access_level": plugin.level,
        "access_request": sorted(plugin.access.allowed),
        "queries": {name: list(query.columns) for name, query in plugin.queries.items()},
    }


def _post_release(standin: StandIn, request: Request) -> Any:
    standin.release(msgspec.json.decode(request.body or b"{}", type=_Release).name)
    return {"holding": standin.holding}


_ACTS = {
    ("GET", "roster"): _get_roster,
    ("GET", "week"): _get_week,
    ("POST", "week"): _post_week,
    ("GET", "faults"): _get_faults,
    ("POST", "faults"): _post_faults,
    ("GET", "requests"): _get_requests,
    ("POST", "edit"): _post_edit,
    ("POST", "tokens/revoke"): _post_revoke,
    ("POST", "release"): _post_release,
    ("POST", "plugin"): _post_plugin,
}
