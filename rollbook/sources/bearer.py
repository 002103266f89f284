"""Bearer tokens by OAuth 2 client credentials (RFC 6749, 4.4).

A token is kept between runs and renewed within one; the number of sign-ins is bounded.
"""

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypedDict, TypeVar

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Token, TokenCache
from rollbook.sources.errors import AuthRejected, TokenExpired
from rollbook.sources.numbers import NULL, lifetime, scalar

T = TypeVar("T")
MARGIN: Final = timedelta(seconds=60)  # a token is not used in its last minute
DEFAULT_SECONDS: Final = 3_600
LONGEST_SECONDS: Final = 90 * 86_400


class Bearer:
    """The token of one conversation. Only the reader's thread uses it, so it needs no lock.

    `fetch` signs in and returns a fresh token; it is called at most `sign_ins` times. `sign_in` is
    the number of the sign-in that gave the current token: several pages that meet the end of the
    same token lead to one new token.
    """

    def __init__(
        self, name: str, tokens: TokenCache, sign_ins: int, fetch: Callable[[], Token]
    ) -> None:
        self._name, self._tokens, self._sign_ins_left, self._fetch = name, tokens, sign_ins, fetch
        self.sign_in = 0
        stored = tokens.get()
        usable = stored is not None and stored.expires_at - datetime.now(UTC) > MARGIN
        self.token = stored if stored and usable else self._fresh()

    @property
    def value(self) -> str:
        return self.token.value

    def renew(self, expired: TokenExpired) -> None:
        """Get a new token, unless there is one already.

        Raises AuthRejected when the SIS keeps rejecting the tokens that it gives.
        """
        if expired.sign_in == self.sign_in:
            self._tokens.put(None)
            self.token = self._fresh()

    def renewing(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns; when it raises TokenExpired, get a new token and ask again."""
        while True:
            try:
                return ask()
            except TokenExpired as expired:
                self.renew(expired)

    def _fresh(self) -> Token:
        if self._sign_ins_left == 0:
            what = _("{name} accepts our sign-in, but keeps refusing the token that it gives us.")
            remedy = _(
                "Ask whoever looks after {name} whether our access is still switched on, "
                "then start the run again."
            )
            raise AuthRejected(Phrase(what, name=self._name), Phrase(remedy, name=self._name))
        self._sign_ins_left -= 1
        self.sign_in += 1
        token = self._fetch()
        self._tokens.put(token)
        return token


class _Grant(TypedDict, total=False):
    access_token: str
    expires_in: msgspec.Raw  # RFC 6749 says a number, PowerSchool sends a text


_GRANT: Final = msgspec.json.Decoder(_Grant)


def basic(user: str, password: str) -> str:
    """Return the value of a basic Authorization header, from pasted credentials."""
    return f"Basic {base64.b64encode(f'{user.strip()}:{password.strip()}'.encode()).decode()}"


def granted(body: bytes, now: datetime) -> Token | None:
    """Return the token in the answer of a token endpoint.

    None if there is none, or none that could be sent in a header.
    """
    try:
        grant = _GRANT.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    value = grant.get("access_token", "")
    if not re.fullmatch(r"[!-~]{1,4096}", value):
        return None
    seconds = lifetime(scalar(grant.get("expires_in", NULL)))
    if seconds is None:
        seconds = DEFAULT_SECONDS
    return Token(value, now + timedelta(seconds=min(seconds, LONGEST_SECONDS)))
