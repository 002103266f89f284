"""Signing in: `POST /oauth/access_token`, and the check of the token of other requests."""

import base64
import binascii
import time
import uuid
from threading import Lock
from urllib.parse import parse_qs

from rollbook.standins.messages import Request, Response, json_response

LIFETIME = 2_592_000
"""Thirty days. Captures show a little less: the time that the token still has (LAS)."""
EXPIRED = (
    'Bearer error="invalid_token",realm="PowerSchool",'
    'error_description="The access token has expired"'
)


def unauthorized() -> Response:
    """Return the answer to a bad or missing token: this header, no body (GH, TK rely on it)."""
    return Response(401, headers=(("WWW-Authenticate", EXPIRED),))


class Tokens:
    """The tokens of one plugin.

    Asking again returns the current one with the time it still has, as captures suggest (LAS).
    """

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
        """Answer the token endpoint: with JSON, whatever `Accept` asks for."""
        if request.method != "POST":
            return json_response({"error": "invalid_request"}, 405)._replace(
                headers=(("Allow", "POST"),)
            )
        if _basic_credentials(request) != self._basic:
            # A plugin that isn't enabled gets the same (WR, measured).
            return json_response({"error": "invalid_client"}, 401)
        form = parse_qs(request.body.decode("latin-1"))
        if form.get("grant_type") != ["client_credentials"]:
            # Our choice; unknown on real servers.
            return json_response({"error": "unsupported_grant_type"}, 400)
        with self._lock:
            if time.monotonic() >= self._ends - 1:
                self._token, self._ends = str(uuid.uuid4()), time.monotonic() + self._lifetime
            left = max(1, round(self._ends - time.monotonic()))
            answer = {"access_token": self._token, "token_type": "Bearer", "expires_in": str(left)}
        if not self._token_type:
            del answer["token_type"]
        return json_response(answer)

    def accepts(self, request: Request) -> bool:
        """Whether a request carries the live token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        with self._lock:
            return (
                scheme.lower() == "bearer"
                and token.strip() == self._token != ""
                and time.monotonic() < self._ends
            )

    def revoke(self) -> None:
        """End the current token."""
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
