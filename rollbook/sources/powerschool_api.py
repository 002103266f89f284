"""Speaks to one PowerSchool server: signs in and asks, and reads the list of its students.

Where each fact is known from: PowerSchool's developer documentation (doc), answers that others
measured on live servers (live), or what several working clients depend on (clients).
"""

import re
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from rollbook.roster.records import SisAnswer
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Connection, Token, TokenCache
from rollbook.sources.bearer import Bearer, basic, granted
from rollbook.sources.errors import (
    AuthRejected,
    PermissionMissing,
    TokenExpired,
    UnexpectedShape,
)
from rollbook.sources.http import Http, Response
from rollbook.sources.missing_students import Presence, Single
from rollbook.sources.numbers import NULL, scalar, whole_number
from rollbook.sources.pages_ahead import PagesAhead
from rollbook.sources.powerschool_answers import (
    COUNT,
    METADATA,
    StudentReader,
    decoded_answer,
    not_powerschool,
    raise_for_401,
    raise_for_status,
)
from rollbook.sources.sent_records import Records
from rollbook.sources.shapes import is_number, read_patiently

T = TypeVar("T")

NAME: Final = "PowerSchool"
# Without a filter the district's list holds everybody (doc).
ACTIVE: Final = "school_enrollment.enroll_status_code==0"
DEFAULT_PAGE: Final = 100  # an administrator may raise it to 1,000 (clients)
LARGEST_PAGE: Final = 1_000


class Conversation:
    """One conversation with one server: the token, and requests that renew it."""

    def __init__(self, connection: Connection, http: Http, tokens: TokenCache) -> None:
        self.origin = origin(connection.credentials["client_url"])
        self._credentials, self._http = connection.credentials, http
        self.bearer = Bearer(NAME, tokens, connection.bounds.sign_ins, self._sign_in)

    def count(self, path: str) -> int:
        """Return the number of active students below this path, such as `/ws/v1/district`."""
        answer = self.ask(f"{path}/student/count?q={ACTIVE}", COUNT)
        stated = whole_number(scalar(answer["resource"].get("count", NULL)))
        if stated is None:
            raise not_powerschool(_("The number of students is not what PowerSchool answers."))
        return stated

    def largest_page(self) -> int:
        """Return the largest page size that this server allows.

        Asking for more is answered in ways that nobody documents.
        """
        try:
            metadata = self.ask("/ws/v1/metadata", METADATA).get("metadata", {})
        except (UnexpectedShape, PermissionMissing):
            return DEFAULT_PAGE
        stated = metadata.get("student_max_page_size", NULL)
        size = whole_number(scalar(stated))
        return min(size, LARGEST_PAGE) if size else DEFAULT_PAGE

    def ask(self, target: str, decoder: "msgspec.json.Decoder[T]") -> T:
        """Return the decoded answer of a GET."""

        def read() -> T:
            token, sign_in = self.bearer.value, self.bearer.sign_in
            return self.read(target, lambda body: decoded_answer(decoder, body), token, sign_in)

        return self.bearer.renewing(read)

    def read(self, target: str, decode: Callable[[bytes], T], token: str, sign_in: int) -> T:
        """Return what `decode` makes of the answer. Another thread may call it."""
        return read_patiently(lambda: self._get(target, token, sign_in), decode)

    def _get(self, target: str, token: str, sign_in: int) -> bytes:
        response = self.answer(target, token, sign_in)
        if response.status != 200:
            raise_for_status(response, self.origin)
        return response.body

    def post(self, target: str, content: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a POST, which may be a refusal."""

        def ask() -> Response:
            token, sign_in = self.bearer.value, self.bearer.sign_in
            headers = {
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            }
            url = self.origin + target
            response = self._http.request("POST", url, headers=headers, content=content)
            if response.status == 401:
                raise_for_401(response, sign_in)
            return response

        response = self.bearer.renewing(ask)
        return response.status, response.body

    def answer(self, target: str, token: str, sign_in: int) -> Response:
        """Return the answer of any status but 401. Another thread may call it."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        response = self._http.request("GET", self.origin + target, headers=headers)
        if response.status == 401:
            raise_for_401(response, sign_in)
        return response

    def _sign_in(self) -> Token:
        client_id, client_secret = (
            self._credentials["client_id"],
            self._credentials["client_secret"],
        )
        headers = {
            "Authorization": basic(client_id, client_secret),
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
        }
        url = f"{self.origin}/oauth/access_token"
        content = b"grant_type=client_credentials"
        response = self._http.request("POST", url, headers=headers, content=content)
        if response.status in {400, 401, 403}:
            raise AuthRejected(
                _("PowerSchool does not accept the Client ID and Client Secret."),
                _(
                    "Copy both again from PowerSchool: System > System Settings > Plugin "
                    "Management Configuration > the plugin > Data Provider Configuration. Check "
                    "there as well that the plugin is enabled."
                ),
            )
        if response.status != 200:
            raise_for_status(response, self.origin)
        token = granted(response.body, datetime.now(UTC))
        if token is None:
            raise not_powerschool(_("The answer to our sign-in is not what PowerSchool answers."))
        return token


class District:
    """The list of a district's active students. Only `_page` runs in other threads."""

    name = NAME

    def __init__(
        self, connection: Connection, fields: frozenset[str], http: Http, threads: Executor
    ) -> None:
        self._threads = threads
        self.id_field = connection.id_field or "id"
        self._pages_ahead = PagesAhead(http, threads)
        most_records = connection.bounds.page_records
        self._reader = StudentReader(fields, most_records, connection.grade_meanings)
        self.conversation = Conversation(connection, http, connection.tokens)
        self.page_size = min(self.conversation.largest_page(), most_records)

    def count(self) -> int:
        return self.conversation.count("/ws/v1/district")

    def submit(self, number: int) -> "Future[Records]":
        token, sign_in = self.conversation.bearer.value, self.conversation.bearer.sign_in
        return self._pages_ahead.submit(lambda: self._page(number, token, sign_in))

    def renew(self, expired: TokenExpired) -> None:
        self.conversation.bearer.renew(expired)

    def begin_singles(self) -> None: ...  # the right to read students covers single ones

    def submit_single(self, sis_id: str) -> "Future[Single]":
        bearer = self.conversation.bearer
        return self._threads.submit(self._single, sis_id, bearer.value, bearer.sign_in)

    def _single(self, sis_id: str, token: str, sign_in: int) -> Single:
        """Ask for one student by the id."""
        if self.id_field != "id":
            return self._search(sis_id, token, sign_in)
        if not is_number(sis_id):
            return Single(Presence.UNCLEAR, SisAnswer(sis_id))
        target = f"/ws/v1/student/{sis_id}?{self._reader.parts}"
        response = self.conversation.answer(target, token, sign_in)
        if response.status == 404:  # no student has this id (clients)
            return Single(Presence.GONE, SisAnswer(sis_id, exists=False))
        if response.status != 200:
            raise_for_status(response, self.conversation.origin)
        return self._reader.single(sis_id, response.body)

    def _search(self, sis_id: str, token: str, sign_in: int) -> Single:
        """Search for one student by an ID of the school or the state."""
        if not re.fullmatch(r"[\w-]{1,40}", sis_id, re.ASCII):
            return Single(Presence.UNCLEAR, SisAnswer(sis_id))
        target = f"/ws/v1/district/student?q={self.id_field}=={sis_id}&{self._reader.parts}"

        def read(body: bytes) -> Single:
            return self._reader.searched(sis_id, body, self.id_field)

        return self.conversation.read(target, read, token, sign_in)

    def _page(self, number: int, token: str, sign_in: int) -> Records:
        query = f"page={number}&pagesize={self.page_size}&{self._reader.parts}&q={ACTIVE}"
        return self.conversation.read(
            f"/ws/v1/district/student?{query}", self._reader.records, token, sign_in
        )


def origin(client_url: str) -> str:
    """Return the server of a pasted address: https://ps.example.org for `ps.example.org/admin/`."""
    text = client_url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text.lstrip('/')}")
    except ValueError:
        parts = urlsplit("")
    return f"{parts.scheme}://{parts.netloc}"  # a user name in it is refused by `http`
