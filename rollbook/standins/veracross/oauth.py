"""`/{route}/oauth/…`: tokens by client credentials, introspection, revocation and discovery.

Everything is from the documentation (D) unless marked.
"""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from rollbook.standins.messages import Request, Response, json_response
from rollbook.standins.veracross.answers import Refused, refused

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
    """The OAuth application of a school, with the scopes that the school has allowed it."""

    def __init__(
        self, client_id: str, client_secret: str, scopes: Sequence[str], lifetime: int
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self._granted, self._lifetime = frozenset(scopes), lifetime
        self._lock = Lock()
        self._tokens: dict[str, Token] = {}

    def handle(self, request: Request, rest: Sequence[str]) -> Response:
        """Return the answer to a path below the route. Raises Refused."""
        match list(rest):
            case [".well-known", "openid-configuration"]:
                return json_response(_discovery(request, self._granted))
            case ["oauth", "token" | "introspect" | "revoke" as act]:
                if request.method != "POST":
                    raise refused(405, "method_not_allowed")
                form = _form(request)
                acts = {
                    "token": self._issue,
                    "introspect": self._introspect,
                    "revoke": self._revoke,
                }
                return acts[act](form)
        raise refused(404, "The requested endpoint wasn't found")

    def bearer(self, request: Request) -> Token:
        """Return the live token of a request for data. Raises Refused with v3's texts."""
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
        """Revoke every token."""
        with self._lock:
            for token in self._tokens.values():
                token.revoked = True

    def expire_all(self) -> None:
        """Let every token expire."""
        with self._lock:
            for token in self._tokens.values():
                token.expires = 0

    @property
    def live(self) -> int:
        """The number of live tokens."""
        return sum(token.state == LIVE for token in self._tokens.values())

    def _issue(self, form: dict[str, str]) -> Response:
        _need(form, "grant_type", "client_id", "client_secret")
        if form["grant_type"] != "client_credentials":
            raise refused(400, "unsupported_grant_type")  # OAuth's own word; not documented
        self._check_client(form)
        scopes = tuple(form.get("scope", "").split())
        if not self._granted.issuperset(scopes):
            # undocumented (?)
            raise refused(400, "invalid_scope", error_description="The requested scope is invalid.")
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
        """Revoke a token; an unknown one gets 200 and `{}` too."""
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
    """Return the values of body and query string together (C).

    Blanks and colons may come unencoded. Raises Refused with 415 and `{}`.
    """
    if not request.body and request.query:
        return dict(request.query)  # one client sends everything in the query string
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Refused(json_response({}, 415))
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
