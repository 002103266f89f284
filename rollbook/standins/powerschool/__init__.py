"""A stand-in for PowerSchool SIS: OAuth, `/ws/v1`, schema tables and PowerQueries.

Letters in brackets name the public source of a protocol fact. "Measured" and "captured" mean that
the source publishes the answer of a live server.

CB   carbm1/PSPowerSchoolAPI                GH   grantholle/powerschool-api
GB   docs.glenbard.org, enrollment status   HID  Tools4everBV/HelloID-Conn-Prov-Source-PowerSchool
LAS  LAS-IT/ps_utilities                    MD   mennotech/powerschool-api-docs (Swagger)
MF   mennotech/fsenrollment-pssync          OD   PowerSchool's developer documentation
PY   dougpenny/PyPowerSchool                SDS  Microsoft School Data Sync, Get-PowerSchool_API.ps1
SF   archboard/sonar-fms                    SM   strongmind-powerschool-client 2.0.4
SW   dougpenny/SwiftyPSCore                 TE   TESD-Tech/node-red-contrib-powerschool
TK   TomK32/powerschool                     TL   tonylabs/python-powerschool-adapter
TS   TEAMSchools/powerschool                WR   alank47/Wildcat-Raffle (live server, 2026)
"""

from collections.abc import Iterable

from rollbook.standins.faults import Fault
from rollbook.standins.powerschool.service import KINDS, Plugin, PowerSchool, credentials
from rollbook.standins.roster import Roster
from rollbook.standins.standin import StandIn

__all__ = ["KINDS", "Fault", "StandIn", "serve"]


def serve(
    *,
    students: int = 200,
    seed: int = 7,
    week: int = 1,
    hostile: bool = False,
    clean: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    client_id: str = "",
    client_secret: str = "",
    page_size_max: int = 100,
    access_level: str = "READ",
    grants: str = "all",
    single_object: bool = True,
    token_type: bool = True,
    token_lifetime: int = 2_592_000,
    gzip: bool = True,
    latency_ms: int = 0,
    faults: Iterable[Fault] = (),
) -> StandIn:
    """Start one in threads of its own; use it in a `with`. Port 0 picks a free one, read it from `.url`."""
    usual_id, usual_secret = credentials(seed)
    roster = Roster(seed, students, week=week, hostile=hostile, clean=clean)
    plugin = Plugin(
        client_id or usual_id,
        client_secret or usual_secret,
        page_size_max,
        access_level,
        grants,
        single_object,
        token_type,
        token_lifetime,
    )
    return StandIn(
        PowerSchool(roster, plugin),
        KINDS,
        host=host,
        port=port,
        faults=faults,
        latency=latency_ms / 1000,
        gzip=gzip,
    )
