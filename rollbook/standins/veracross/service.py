"""One made-up Veracross with one school: which part answers which path, and the checks before."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple, TypedDict

from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.messages import Request, Response
from rollbook.standins.roster import Roster
from rollbook.standins.veracross.answers import (
    TOO_MANY,
    Quota,
    Refused,
    problem,
    refused,
    with_headers,
)
from rollbook.standins.veracross.oauth import Authorization
from rollbook.standins.veracross.v2 import V2
from rollbook.standins.veracross.v3 import V3

SCOPES = ("students:list", "students:read")


class SetupOptions(TypedDict, total=False):
    """What a caller may choose of the set-up."""

    client_id: str
    client_secret: str
    user_name: str
    password: str
    route: str
    scopes: Sequence[str]
    token_lifetime: int
    quota: int
    quota_seconds: float
    roles_as_list: bool


class Setup(NamedTuple):
    """How the made-up school has set up its API access."""

    client_id: str
    client_secret: str
    user_name: str
    password: str
    route: str
    scopes: tuple[str, ...]
    token_lifetime: int
    """In seconds."""
    quota: int
    """Requests in a window of `quota_seconds`."""
    quota_seconds: float
    roles_as_list: bool
    """Whether v2 sends `roles` as a list instead of `role`."""
    homes: Homes = EVERYWHERE


def credentials(seed: int) -> tuple[str, str, str]:
    """Return client id (32 hexadecimal digits) and secret (64) of a seed, and v2's password (D)."""
    digest = blake2b(f"veracross application {seed}".encode(), digest_size=64).hexdigest()
    return digest[:32], digest[32:96], digest[96:112]


class Veracross:
    """The vendor of a `StandIn`: OAuth, v3 and v2 on one server, below the school's route."""

    def __init__(self, roster: Roster, setup: Setup) -> None:
        self.roster, self.route = roster, setup.route
        self.client_id, self.client_secret = setup.client_id, setup.client_secret
        self.user_name, self.password = setup.user_name, setup.password
        self.about: Mapping[str, str] = {
            "user_name": setup.user_name,
            "password": setup.password,
            "route": setup.route,
        }
        self.tokens = Authorization(
            setup.client_id, setup.client_secret, setup.scopes, setup.token_lifetime
        )
        self._quota = Quota(setup.quota, setup.quota_seconds)
        self._v3 = V3(roster, setup.homes)
        self._v2 = V2(
            roster,
            (setup.user_name, setup.password),
            roles_as_list=setup.roles_as_list,
            homes=setup.homes,
        )

    def revoke_tokens(self) -> None:
        self.tokens.revoke_all()

    def handle(self, request: Request) -> Response:
        """Answer any path. The route is valid in any letter case (C, I)."""
        route, *parts = request.path.split("/")[1:]
        part, rest = "".join(parts[:1]), parts[1:]
        if part == "v2":
            return self._answer_v2(request, route, rest)
        if part in ("oauth", ".well-known"):
            try:
                self._check_route(route)
                return self.tokens.handle(request, [part, *rest])
            except Refused as end:
                return end.response
        return self._answer_v3(request, route, rest, part == "v3")

    def _answer_v3(self, request: Request, route: str, rest: list[str], exists: bool) -> Response:
        window = self._quota.untouched()
        try:
            self._check_route(route)
            token = self.tokens.bearer(request)
            window = self._quota.take(token.value)
            if window.over:
                raise refused(429, TOO_MANY)
            if not exists:
                raise refused(404, "The requested endpoint wasn't found")
            response = self._v3.handle(request, rest, token)
        except Refused as end:
            response = end.response
        return with_headers(response, window, unix_time=True)

    def _answer_v2(self, request: Request, route: str, rest: list[str]) -> Response:
        window = self._quota.untouched()
        try:
            self._check_route(route)
            self._v2.sign_in(request)
            window = self._quota.take("v2")
            if window.over:
                raise refused(429, TOO_MANY)
            response = self._v2.handle(request, rest)
        except Refused as end:
            response = end.response
        return with_headers(response, window, unix_time=False)

    def _check_route(self, route: str) -> None:
        if route.lower() != self.route.lower():
            raise Refused(problem(404, "The requested client is unknown"))
