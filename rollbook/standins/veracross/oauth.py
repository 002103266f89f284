"""`/{route}/oauth/…`: tokens by client credentials, introspection, revocation and discovery. Everything is (D) unless marked."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.veracross.answers import refused

LIVE_TOKENS = 10
FORM = "application/x-www-form-urlencoded"
LIVE, EXPIRED, REVOKED = "live", "expired", "revoked"


@dataclass
class Token:
    value: str
    scopes: tuple[str, ...]
    created: int
    expires: float
    revoked: bool = False

    @property
    def state(self) -> str:
        return REVOKED if self.revoked else EXPIRED if time.time() >= self.expires else LIVE


class Authorization:
    """One OAuth application of one school. `scopes` are those that the school has switched on for it."""

    def __init__(
        self, client_id: str, client_secret: str, scopes: Sequence[str], lifetime: int
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self._granted, self._lifetime = frozenset(scopes), lifetime
        self._lock = Lock()
        self._tokens: dict[str, Token] = {}

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """Dispatch by path below the route. Raises Refused."""
        match list(rest):
            case [".well-known", "openid-configuration"]:
                return json_response(_discovery(request, self._granted))
            case ["oauth", "token" | "introspect" | "revoke" as act]:
                if request.method != "POST":
                    raise refused(405, "method_not_allowed")
                form = _form(request)
                return {
                    "token": self._issue,
                    "introspect": self._introspect,
                    "revoke": self._revoke,
                }[act](form)
        raise refused(404, "The requested endpoint wasn't found")

    def bearer(self, request: Request) -> Token:
        """The live token of a request for data. Raises Refused with the texts that v3 has for it."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise refused(401, "An authorization header with a bearer token is required")
        token = self._tokens.get(value.strip())
        if token is None:
            raise refused(401, "The provided access token is unknown")
        if token.state != LIVE:
            raise refused(
                401,
                f"The provided access token has {'been ' if token.revoked else ''}{token.state}",
            )
        return token

    def revoke_all(self) -> None:
        with self._lock:
            for token in self._tokens.values():
                token.revoked = True

    def expire_all(self) -> None:
        with self._lock:
            for token in self._tokens.values():
                token.expires = 0

    @property
    def live(self) -> int:
        return sum(token.state == LIVE for token in self._tokens.values())

    def _issue(self, form: dict[str, str]) -> Response:
        _need(form, "grant_type", "client_id", "client_secret")
        if form["grant_type"] != "client_credentials":
            raise refused(400, "unsupported_grant_type")  # OAuth's own word; not documented
        self._check_client(form)
        scopes = tuple(form.get("scope", "").split())
        if not self._granted.issuperset(scopes):
            raise refused(
                400, "invalid_scope", error_description="The requested scope is invalid."
            )  # undocumented (?)
        now = time.time()
        token = Token(secrets.token_hex(32), scopes, int(now), now + self._lifetime)
        with self._lock:
            live = [one for one in self._tokens.values() if one.state == LIVE]
            for oldest in live[: max(0, len(live) - LIVE_TOKENS + 1)]:
                oldest.revoked = True
            self._tokens[token.value] = token
        return json_response(
            {
                "access_token": token.value,
                "token_type": "Bearer",
                "expires_in": self._lifetime,
                "scope": " ".join(scopes),
                "created_at": token.created,
            }
        )

    def _introspect(self, form: dict[str, str]) -> Response:
        _need(form, "client_id", "client_secret", "token")
        self._check_client(form)
        token = self._tokens.get(form["token"])
        if token is None or token.state != LIVE:
            return json_response({"active": False})
        return json_response(
            {
                "active": True,
                "scope": " ".join(token.scopes),
                "client_id": self.client_id,
                "token_type": "Bearer",
                "exp": int(token.expires),
                "iat": token.created,
            }
        )

    def _revoke(self, form: dict[str, str]) -> Response:
        """200 and `{}`, also for a token that isn't one."""
        _need(form, "client_id", "client_secret", "token")
        self._check_client(form)
        with self._lock:
            if token := self._tokens.get(form["token"]):
                token.revoked = True
        return json_response({})

    def _check_client(self, form: dict[str, str]) -> None:
        if (form["client_id"], form["client_secret"]) != (self.client_id, self.client_secret):
            raise refused(
                401,
                "invalid_client",
                error_description="Client authentication failed due to unknown client.",
            )


def _form(request: Request) -> dict[str, str]:
    """Body and query string together, raw blanks and colons included (C). Raises Refused with 415 and `{}`."""
    if not request.body and request.query:
        return dict(request.query)  # one client sends everything in the query string
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        wrong = refused(415, "")
        wrong.response = json_response({}, 415)
        raise wrong
    return {**request.query, **dict(parse_qsl(request.body.decode("latin-1")))}


def _need(form: dict[str, str], *names: str) -> None:
    for name in names:
        if not form.get(name):
            raise refused(
                400, "invalid_request", error_description=f"Missing required parameter: {name}."
            )


def _discovery(request: Request, scopes: frozenset[str]) -> dict[str, Any]:
    base = f"http://{request.headers.get('host', '127.0.0.1')}/{request.path.split('/')[1]}"
    return {
        "issuer": base,
        "token_endpoint": f"{base}/oauth/token",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "response_types_supported": ["code"],
        "scopes_supported": sorted(scopes),
    }
