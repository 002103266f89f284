"""A stand-in for Veracross: the Data API (v3) with its OAuth, and the legacy API (v2), over a real socket."""

from collections.abc import Iterable, Sequence

from rollbook.standins.faults import Fault
from rollbook.standins.roster import Roster
from rollbook.standins.standin import StandIn
from rollbook.standins.veracross.faults import KINDS
from rollbook.standins.veracross.service import SCOPES, Setup, Veracross, credentials

__all__ = ["KINDS", "Fault", "StandIn", "VeracrossStandIn", "serve"]


class VeracrossStandIn(StandIn):
    """A `StandIn` that also knows what one signs in with."""

    vendor: Veracross

    @property
    def route(self) -> str:
        return self.vendor.route

    @property
    def address(self) -> str:
        """The school's address: server and route."""
        return f"{self.url}/{self.route}"

    @property
    def user_name(self) -> str:
        return self.vendor.user_name

    @property
    def password(self) -> str:
        return self.vendor.password


def serve(
    *,
    students: int = 200,
    seed: int = 7,
    week: int = 1,
    hostile: bool = False,
    clean: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    route: str = "exs",
    client_id: str = "",
    client_secret: str = "",
    user_name: str = "api.rollbook",
    password: str = "",
    scopes: Sequence[str] = SCOPES,
    token_lifetime: int = 3_600,
    quota: int = 300,
    quota_seconds: float = 180,
    roles_as_list: bool = False,
    gzip: bool = False,
    latency_ms: int = 0,
    faults: Iterable[Fault] = (),
) -> VeracrossStandIn:
    """Start one in threads of its own; use it in a `with`. Port 0 picks a free one, read it from `.url`."""
    usual_id, usual_secret, usual_password = credentials(seed)
    roster = Roster(seed, students, week=week, hostile=hostile, clean=clean)
    setup = Setup(
        client_id or usual_id,
        client_secret or usual_secret,
        user_name,
        password or usual_password,
        route,
        tuple(scopes),
        token_lifetime,
        quota,
        quota_seconds,
        roles_as_list,
    )
    return VeracrossStandIn(
        Veracross(roster, setup),
        KINDS,
        host=host,
        port=port,
        faults=faults,
        latency=latency_ms / 1000,
        gzip=gzip,
        usual_path="*/students*",
    )
