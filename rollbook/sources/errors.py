"""Every way a conversation with a SIS can end badly, named by what the caller does next.

Each error carries a `code` (stored on the run, and the key of its text), a sentence that says what happened and a remedy.
None of them ever carries a secret, a response body or a query string.
"""

from rollbook.roster.records import Proof


class SourceError(Exception):
    """A conversation with a source failed for good. `what` says what happened, `remedy` what a person does next.

    Nothing has been changed when one is raised; `str()` of it says so between the two.
    """

    code = "source_failed"

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} No student account was changed. {self.remedy}".rstrip()


class AddressUnreachable(SourceError):
    """The host name does not resolve, nothing listens there, or TLS can't be trusted. A person mends the address."""

    code = "address_unreachable"


class AddressRefused(SourceError):
    """We don't connect there: not https, not a public address, or a redirect or link to another host."""

    code = "address_refused"


class AuthRejected(SourceError):
    """The SIS refused the credentials themselves. A person mends them; retrying would only lock the account."""

    code = "credentials_refused"


class PermissionMissing(SourceError):
    """The login works but a right is missing. A person at the SIS grants it; a new token would not help."""

    code = "permission_missing"


class TokenExpired(SourceError):
    """The token stopped working. The source fetches a new one once and asks the same page again; never leaves a source."""

    code = "token_expired"

    def __init__(self, sign_in: int) -> None:
        super().__init__("The sign-in at the SIS is no longer valid.")
        self.sign_in = sign_in  # which sign-in of the conversation gave the token: side by side, several pages meet its end


class TryLater(SourceError):
    """The SIS is down, in maintenance, or asks us to wait longer than we do. The next scheduled run tries again."""

    code = "try_later"


class UnexpectedShape(SourceError):
    """The answer isn't what this SIS answers (HTML, other JSON, too large). Nothing is guessed from it."""

    code = "unexpected_answer"


class RosterIncomplete(SourceError):
    """Fewer students than the SIS said there are, or pages that repeat: nothing may be concluded from what came.

    `proof` are the numbers that show it, None where reading was given up before there were any.
    """

    code = "roster_incomplete"

    def __init__(self, what: str, remedy: str = "", proof: Proof | None = None) -> None:
        super().__init__(what, remedy)
        self.proof = proof
