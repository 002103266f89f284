"""The errors of a conversation with a SIS, each named by what the caller does next.

Each has a `code` (stored on the run), a sentence that says what happened, and a remedy. None of
them ever holds a secret, a response body or a query string.
"""

from rollbook.roster.records import Proof
from rollbook.roster.translation import gettext_noop as _


class SourceError(Exception):
    """A conversation with a source failed for good.

    `what` says what happened, `remedy` what a person does next; both are marked for translation.
    When one is raised, no account has been changed; `str()` says so, in English.
    """

    code = "source_failed"

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} No student account was changed. {self.remedy}".rstrip()


class AddressUnreachable(SourceError):
    """The host name doesn't exist, nothing answers there, or TLS can't be trusted.

    A person corrects the address.
    """

    code = "address_unreachable"


class RouteUnknown(AddressUnreachable):
    """The server of the SIS is there and knows no school by the name that was entered."""


class AddressRefused(SourceError):
    """We don't connect there: not https, not a public address, or a redirect to another host."""

    code = "address_refused"


class AuthRejected(SourceError):
    """The SIS refused the credentials.

    A person corrects them; retrying would only lock the account.
    """

    code = "credentials_refused"


class PermissionMissing(SourceError):
    """The sign-in works but a right is missing.

    A person grants it in the SIS; a new token would not help.
    """

    code = "permission_missing"


class TokenExpired(SourceError):
    """The token stopped working. A source gets a new one and asks again.

    This error never leaves a source.
    `sign_in` is the number of the sign-in that gave the token: several pages that are asked for
    side by side meet the end of the same token.
    """

    code = "token_expired"

    def __init__(self, sign_in: int) -> None:
        super().__init__(_("The sign-in at the SIS is no longer valid."))
        self.sign_in = sign_in


class PageTooHeavy(SourceError):
    """A page takes more memory than a page that is read beside others may take.

    It is read again alone. This error never leaves a source.
    """

    code = "page_too_heavy"

    def __init__(self) -> None:
        super().__init__(_("A page is too large to be read beside others."))


class TryLater(SourceError):
    """The SIS is down, in maintenance, or asks for too long a wait.

    The next scheduled run tries again.
    """

    code = "try_later"


class InMaintenance(TryLater):
    """The SIS says that it is in maintenance."""


class UnexpectedShape(SourceError):
    """The answer is not what this SIS answers: HTML, other JSON, or too large. It is not used."""

    code = "unexpected_answer"


class RosterIncomplete(SourceError):
    """Fewer students than the SIS stated, or pages that repeat. Nothing may be concluded from them.

    `proof` holds the numbers that show it; None where reading stopped before there were any.
    """

    code = "roster_incomplete"

    def __init__(self, what: str, remedy: str = "", proof: Proof | None = None) -> None:
        super().__init__(what, remedy)
        self.proof = proof
