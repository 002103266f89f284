"""Signing in: `POST /oauth/access_token`, and the check of the token on every other request."""

import base64
import binascii
import time
import uuid
from threading import Lock
from urllib.parse import parse_qs

from rollbook.standins.messages import Request, Response, json_response

LIFETIME = 2_592_000
"""Thirty days; captures show a little less, the rest of a token's life (LAS)."""
EXPIRED = 'Bearer error="invalid_token",realm="PowerSchool",error_description="The access token has expired"'


def unauthorized() -> Response:
    """A bad or missing token: this header and no body at all (GH, TK rely on both)."""
    return Response(401, headers=(("WWW-Authenticate", EXPIRED),))


class Tokens:
    """One plugin's tokens. Asking again gives the current one with the rest of its life, as captures suggest (LAS)."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        lifetime: int = LIFETIME,
        token_type: bool = True,
    ) -> None:
        self._basic = f"{client_id}:{client_secret}"
        self._lifetime, self._token_type = lifetime, token_type
        self._lock = Lock()
        self._token, self._ends = "", 0.0

    def issue(self, request: Request) -> Response:
        """The token endpoint. It answers JSON whatever `Accept` says."""
        if request.method != "POST":
            return json_response({"error": "invalid_request"}, 405)._replace(
                headers=(("Allow", "POST"),)
            )
        if _basic_credentials(request) != self._basic:
            # Also what a plugin that isn't enabled gets (WR, measured).
            return json_response({"error": "invalid_client"}, 401)
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            return json_response(
                {"error": "unsupported_grant_type"}, 400
            )  # our choice; unknown on real servers
        with self._lock:
            if time.monotonic() >= self._ends - 1:
                self._token, self._ends = str(uuid.uuid4()), time.monotonic() + self._lifetime
            left = max(1, round(self._ends - time.monotonic()))
            answer = {"access_token": self._token, "token_type": "Bearer", "expires_in": str(left)}
        if not self._token_type:
            del answer["token_type"]
        return json_response(answer)

    def accepts(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            return (
                scheme.lower() == "bearer"
                and token.strip() == self._token != ""
                and time.monotonic() < self._ends
            )

    def revoke(self) -> None:
        with self._lock:
            self._token, self._ends = "", 0.0


def _basic_credentials(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
