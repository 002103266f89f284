"""A stand-in for Veracross: the Data API (v3) with its OAuth, and the legacy API (v2).

Letters in brackets name the source of a protocol fact: D the documentation, S the API description,
C the code of a client, I our inference, ? nothing public. No documentation of v2 is public.
"""

from typing import Unpack

from rollbook.standins.faults import Fault
from rollbook.standins.homes import ALL, checked
from rollbook.standins.roster import Roster, RosterOptions, district_of
from rollbook.standins.standin import ServerOptions, StandIn
from rollbook.standins.veracross.faults import KINDS
from rollbook.standins.veracross.service import SCOPES, Setup, SetupOptions, Veracross, credentials

__all__ = ["KINDS", "Fault", "StandIn", "VeracrossStandIn", "serve"]


class VeracrossStandIn(StandIn):
    """A `StandIn` with the address and the credentials of the school."""

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


class Options(RosterOptions, SetupOptions, ServerOptions, total=False):
    """The keywords of `serve`, all optional."""


def serve(**options: Unpack[Options]) -> VeracrossStandIn:
    """Start a Veracross in threads of its own: 200 students of seed 7, unless asked otherwise.

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
    usual_id, usual_secret, usual_password = credentials(seed)
    setup = Setup(
        client_id=options.get("client_id") or usual_id,
        client_secret=options.get("client_secret") or usual_secret,
        user_name=options.get("user_name", "api.rollbook"),
        password=options.get("password") or usual_password,
        route=options.get("route", "exs"),
        scopes=tuple(options.get("scopes", SCOPES)),
        token_lifetime=options.get("token_lifetime", 3_600),
        quota=options.get("quota", 300),
        quota_seconds=options.get("quota_seconds", 180),
        roles_as_list=options.get("roles_as_list", False),
        homes=checked(options.get("email_home", ALL), options.get("year_home", ALL)),
    )
    options.setdefault("gzip", False)
    return VeracrossStandIn(Veracross(roster, setup), KINDS, options, usual_path="*/students*")
