"""One made-up PowerSchool: which part answers which path, and the checks before that."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple, TypedDict
from uuid import UUID

from rollbook.standins.fault_kinds import COMMON, html_page
from rollbook.standins.faults import Fault, Kind, Scene
from rollbook.standins.homes import EVERYWHERE, Homes
from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.powerschool.access import read_grants
from rollbook.standins.powerschool.answers import Refused, in_accepted_form, schema_error, v1_error
from rollbook.standins.powerschool.changes import Subscriptions, data_version_answer
from rollbook.standins.powerschool.district import District
from rollbook.standins.powerschool.oauth import Tokens, unauthorized
from rollbook.standins.powerschool.plugins import Uploaded, read_plugin
from rollbook.standins.powerschool.powerqueries import PowerQueries
from rollbook.standins.powerschool.schema import Schema
from rollbook.standins.powerschool.v1 import NEEDED, OPEN_PATHS, V1
from rollbook.standins.roster import Roster


class PluginOptions(TypedDict, total=False):
    """What a caller may choose of the plugin."""

    client_id: str
    client_secret: str
    page_size_max: int
    access_level: str
    grants: str
    single_object: bool
    token_type: bool
    token_lifetime: int


class Plugin(NamedTuple):
    """How the made-up administrator has set up the plugin."""

    client_id: str
    client_secret: str
    page_size_max: int
    access_level: str
    """accessLevelV1Api: NONE, READ or FULL."""
    grants: str
    """The columns that it may read; see `access.read_grants`."""
    single_object: bool
    """Whether a list of one element is sent as an object."""
    token_type: bool
    """Whether the token answer has `token_type`."""
    token_lifetime: int
    """In seconds."""
    homes: Homes = EVERYWHERE


def credentials(seed: int) -> tuple[str, str]:
    """Return client id and secret of a seed: UUIDs, as in PowerSchool (WR)."""
    digest = blake2b(f"powerschool plugin {seed}".encode(), digest_size=32).digest()
    return str(UUID(bytes=digest[:16], version=4)), str(UUID(bytes=digest[16:], version=4))


class PowerSchool:
    """The vendor of a `StandIn`: all of PowerSchool's paths."""

    def __init__(self, roster: Roster, plugin: Plugin) -> None:
        self.roster = roster
        self.about: Mapping[str, str] = {}
        self.client_id, self.client_secret = plugin.client_id, plugin.client_secret
        district, grants = (
            District(roster, plugin.single_object, plugin.homes),
            read_grants(plugin.grants),
        )
        self._district = district
        self._tokens = Tokens(
            plugin.client_id,
            plugin.client_secret,
            lifetime=plugin.token_lifetime,
            token_type=plugin.token_type,
        )
        self._v1 = V1(district, plugin.page_size_max, plugin.access_level)
        self._schema = Schema(district, plugin.page_size_max, grants)
        self._queries = PowerQueries(district, grants)
        self._subscriptions = Subscriptions()

    def install(self, packed: bytes) -> Uploaded:
        """Install, approve and enable an uploaded plugin. Raises PluginRefused."""
        plugin = read_plugin(packed, self._queries.plugin)
        self._queries.plugin = plugin
        self._v1.level = plugin.level
        return plugin

    @property
    def plugin(self) -> Uploaded | None:
        return self._queries.plugin

    def revoke_tokens(self) -> None:
        self._tokens.revoke()

    def handle(self, request: Request) -> Response:
        """Answer any path: JSON from the token endpoint, else what `Accept` asks for."""
        if request.path == "/oauth/access_token":
            return self._tokens.issue(request)
        if not request.path.startswith("/ws/"):
            return html_page(200 if request.path == "/maintenance" else 404)
        try:
            response = self._resource(request)
        except Refused as refused:
            response = refused.response
        return in_accepted_form(request, response)

    def _resource(self, request: Request) -> Response:
        if request.path not in OPEN_PATHS and not self._tokens.accepts(request):
            return unauthorized()
        match request.path.split("/")[2:]:
            case ["v1", "event_subscription" | "test_subscription"] if self._v1.level != "NONE":
                return self._subscriptions.handle(request)
            case ["v1", *_]:
                return self._v1.handle(request)
            case ["schema", "table", *rest]:
                return self._schema.handle(request, rest)
            case ["schema", "query", *rest]:
                return self._queries.handle(request, rest)
            case ["schema", "area"]:
                return json_response({"areas": [{"name": "students"}, {"name": "staff"}]})
            case ["dataversion", *_]:
                return data_version_answer(request, self._district)
        raise schema_error(404, "Resource not found")


def _token_expired(fault: Fault, request: Request, scene: Scene) -> Response:
    """Revoke the token for good, so that the client needs a new one."""
    scene.revoke_tokens()
    return unauthorized()


def _access_level(fault: Fault, request: Request, scene: Scene) -> Response:
    return v1_error(401, NEEDED).response


def _invalid_client(fault: Fault, request: Request, scene: Scene) -> Response:
    return json_response({"error": "invalid_client"}, 401)


def _token_rate_limit(fault: Fault, request: Request, scene: Scene) -> Response:
    headers = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
    return json_response({"error": "too_many_requests"}, 429)._replace(headers=headers)


KINDS: dict[str, Kind] = COMMON | {
    "token_expired": Kind(
        "revoke the token and answer 401; `after` so many requests", answer=_token_expired
    ),
    "access_level": Kind(
        "401 missing accessLevelV1Api READ, on /ws/v1", path="/ws/v1/*", answer=_access_level
    ),
    "invalid_client": Kind(
        "401 invalid_client for any secret", path="/oauth/access_token", answer=_invalid_client
    ),
    "token_rate_limit": Kind(
        "429 from the token endpoint", path="/oauth/access_token", answer=_token_rate_limit
    ),
}
