"""A stand-in for PowerSchool SIS: OAuth, `/ws/v1`, schema tables and PowerQueries.

Letters in brackets name the public source of a protocol fact. "Measured" and "captured" mean that
the source publishes the answer of a live server.

CB   carbm1/PSPowerSchoolAPI                EP   markroper/edpanel (recorded, 2015-16)
GH   grantholle/powerschool-api
GB   docs.glenbard.org, enrollment status   HID  Tools4everBV/HelloID-Conn-Prov-Source-PowerSchool
LAS  LAS-IT/ps_utilities                    MD   mennotech/powerschool-api-docs (Swagger)
MF   mennotech/fsenrollment-pssync          OD   PowerSchool's developer documentation
PY   dougpenny/PyPowerSchool                SDS  Microsoft School Data Sync, Get-PowerSchool_API.ps1
SF   archboard/sonar-fms                    SM   strongmind-powerschool-client 2.0.4
SW   dougpenny/SwiftyPSCore                 TE   TESD-Tech/node-red-contrib-powerschool
TK   TomK32/powerschool                     TL   tonylabs/python-powerschool-adapter
TS   TEAMSchools/powerschool                WR   alank47/Wildcat-Raffle (live server, 2026)
"""

from typing import Unpack

from rollbook.standins.faults import Fault
from rollbook.standins.homes import ALL, checked
from rollbook.standins.powerschool.oauth import LIFETIME
from rollbook.standins.powerschool.service import (
    KINDS,
    Plugin,
    PluginOptions,
    PowerSchool,
    credentials,
)
from rollbook.standins.roster import Roster, RosterOptions, district_of
from rollbook.standins.standin import ServerOptions, StandIn

__all__ = ["KINDS", "Fault", "StandIn", "serve"]


class Options(RosterOptions, PluginOptions, ServerOptions, total=False):
    """The keywords of `serve`, all optional."""


def serve(**options: Unpack[Options]) -> StandIn:
    """Start a PowerSchool in threads of its own: 200 students of seed 7, unless asked otherwise.

    Use it in a `with`, which stops it.
    """
    seed = options.get("seed", 7)
    roster = Roster(
        seed,
        options.get("students", 200),
        week=options.get("week", 1),
        hostile=options.get("hostile", False),
        clean=options.get("clean", False),
        district=district_of(options),
    )
    usual_id, usual_secret = credentials(seed)
    plugin = Plugin(
        client_id=options.get("client_id") or usual_id,
        client_secret=options.get("client_secret") or usual_secret,
        page_size_max=options.get("page_size_max", 100),
        access_level=options.get("access_level", "READ"),
        grants=options.get("grants", "all"),
        single_object=options.get("single_object", True),
        token_type=options.get("token_type", True),
        token_lifetime=options.get("token_lifetime", LIFETIME),
        homes=checked(options.get("email_home", ALL), options.get("year_home", ALL)),
    )
    return StandIn(PowerSchool(roster, plugin), KINDS, options, usual_path="/ws/*")
