"""Faults as values: what goes wrong, for which requests and how often; and which of them fire."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from threading import Event, Lock
from typing import Any, NamedTuple, Protocol

import msgspec

from rollbook.standins.messages import Request, Response
from rollbook.standins.server import Wire


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault. The four fields after `kind` say when it fires; only some kinds use the others."""

    kind: str
    path: str = ""
    """Request path with `*` wildcards; "" is the usual path of the kind."""
    page: int = 0
    """Fire only for this page of a list, never for its count; 0 is any page."""
    after: int = -1
    """Matching requests that pass first; -1 is the usual number of the kind, mostly 0."""
    times: int = 0
    """How often it fires; 0 is always."""
    status: int = 0
    retry_after: str = ""
    location: str = ""
    seconds: float = 0
    size: int = 0
    """Bytes, megabytes, rows or a difference: the kind says which."""
    field: str = ""
    differs: bool = False
    release: str = ""
    """The name under which `hold` can be released."""


class Scene(Protocol):
    """What a fault may use besides its request."""

    def handle(self, request: Request) -> Response: ...

    def revoke_tokens(self) -> None: ...

    def release_event(self, name: str) -> Event: ...


class Kind(NamedTuple):
    """What a kind of fault does at one or more of five moments of an exchange."""

    what: str
    path: str = ""
    after: int = 0
    pause: Callable[[Fault, Scene, Wire], bool] | None = None
    """Runs first; returns False when the client did not wait."""
    ask: Callable[[Fault, Request], Request] | None = None
    answer: Callable[[Fault, Request, Scene], Response] | None = None
    rewrite: Callable[[Fault, Request, Response, Scene], Response] | None = None
    deliver: Callable[[Fault, Request, Response, Wire], None] | None = None


Fired = list[tuple[Fault, Kind]]


class FaultBoard:
    """The faults that are set, with a counter for each."""

    def __init__(self, kinds: Mapping[str, Kind], usual_path: str) -> None:
        self.kinds, self._usual_path = kinds, usual_path
        self._lock = Lock()
        self._faults: list[Fault] = []
        self._matches: list[int] = []

    @property
    def faults(self) -> list[Fault]:
        return list(self._faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Replace all faults and start their counters at 0. Raises KeyError for an unknown kind."""
        new = list(faults)
        for fault in new:
            if fault.kind not in self.kinds:
                raise KeyError(
                    f"no fault {fault.kind!r}; there are {', '.join(sorted(self.kinds))}"
                )
        with self._lock:
            self._faults, self._matches = new, [0] * len(new)

    def firing(self, request: Request) -> Fired:
        """Return the faults that fire for this request, and count each match."""
        if not self._faults:
            return []
        fired: Fired = []
        with self._lock:
            for at, fault in enumerate(self._faults):
                kind = self.kinds[fault.kind]
                if not fnmatchcase(request.path, fault.path or kind.path or self._usual_path):
                    continue
                counts = request.path.endswith(("/count", "/metadata"))
                if fault.page and (counts or fault.page != request.page()):
                    continue
                after = kind.after if fault.after < 0 else fault.after
                self._matches[at] += 1
                turn = self._matches[at] - after
                if turn > 0 and (not fault.times or turn <= fault.times):
                    fired.append((fault, kind))
        return fired


def read_fault(text: str) -> Fault:
    """Return a fault from its text, such as `status:status=503,page=3,times=1`.

    Raises msgspec.ValidationError.
    """
    kind, _, rest = text.partition(":")
    fields: dict[str, Any] = dict(part.partition("=")[::2] for part in rest.split(",") if part)
    return msgspec.convert({"kind": kind, **fields}, Fault, strict=False)


def play(request: Request, fired: Fired, scene: Scene, wire: Wire) -> None:
    """Answer one request with the fired faults applied."""
    for fault, kind in fired:
        if kind.pause and not kind.pause(fault, scene, wire):
            wire.hang_up()
            return
    for fault, kind in fired:
        request = kind.ask(fault, request) if kind.ask else request
    answers = (kind.answer(fault, request, scene) for fault, kind in fired if kind.answer)
    response = next(answers, None) or scene.handle(request)
    for fault, kind in fired:
        response = kind.rewrite(fault, request, response, scene) if kind.rewrite else response
    for fault, kind in fired:
        if kind.deliver:
            kind.deliver(fault, request, response, wire)
            return
    wire.send(response, request)
