"""A stand-in for PowerSchool SIS: OAuth, `/ws/v1`, schema tables and PowerQueries, over a real socket."""

from collections.abc import Iterable

from rollbook.standins.faults import Fault
from rollbook.standins.powerschool.service import KINDS, Plugin, PowerSchool, credentials
from rollbook.standins.roster import Roster
from rollbook.standins.standin import StandIn

__all__ = ["KINDS", "Fault", "StandIn", "serve"]


def serve(
    *, students: int = 200, seed: int = 7, week: int = 1, hostile: bool = False, clean: bool = False,
    host: str = "127.0.0.1", port: int = 0, client_id: str = "", client_secret: str = "",
    page_size_max: int = 100, access_level: str = "READ", grants: str = "all", single_object: bool = True,
    token_type: bool = True, token_lifetime: int = 2_592_000, gzip: bool = True, latency_ms: int = 0,
    faults: Iterable[Fault] = (),
) -> StandIn:  # fmt: skip
    """Start one in threads of its own; use it in a `with`. Port 0 picks a free one, read it from `.url`."""
    usual_id, usual_secret = credentials(seed)
    roster = Roster(seed, students, week=week, hostile=hostile, clean=clean)
    plugin = Plugin(
        client_id or usual_id, client_secret or usual_secret, page_size_max, access_level, grants, single_object,
        token_type, token_lifetime,
    )  # fmt: skip
    return StandIn(
        PowerSchool(roster, plugin),
        KINDS,
        host=host,
        port=port,
        faults=faults,
        latency=latency_ms / 1000,
        gzip=gzip,
    )
