"""PowerSchool SIS: reads the active students of a district.

It uses the v1 API, with the Client ID and Client Secret of a plugin. Where each fact is known from:
PowerSchool's developer documentation (doc), answers that others measured on live servers (live), or
what several working clients depend on (clients).
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from rollbook.roster.records import SisAnswer
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import (
    Choice,
    Connection,
    CredentialField,
    MappingRow,
    Pages,
    Source,
    Token,
    Variant,
)
from rollbook.sources.bearer import Bearer, basic, granted
from rollbook.sources.errors import (
    AuthRejected,
    PermissionMissing,
    TokenExpired,
    UnexpectedShape,
)
from rollbook.sources.http import Http, Response
from rollbook.sources.list_with_total import ListWithTotal
from rollbook.sources.missing_students import Presence, Single, read_lists
from rollbook.sources.numbers import NULL, scalar, whole_number
from rollbook.sources.pages_ahead import PagesAhead
from rollbook.sources.paging import Record
from rollbook.sources.powerschool_answers import (
    COUNT,
    METADATA,
    StudentReader,
    decoded_answer,
    not_powerschool,
    raise_for_401,
    raise_for_status,
)
from rollbook.sources.shapes import is_number, read_patiently

T = TypeVar("T")

NAME: Final = "PowerSchool"
# Without a filter the district's list holds everybody (doc).
ACTIVE: Final = "school_enrollment.enroll_status_code==0"
DEFAULT_PAGE: Final = 100  # an administrator may raise it to 1,000 (clients)
LARGEST_PAGE: Final = 1_000


class _District:
    """One conversation with one server. Only `_page` runs in other threads than the reader's."""

    name = NAME
    id_field = "id"

    def __init__(
        self, connection: Connection, fields: frozenset[str], http: Http, threads: Executor
    ) -> None:
        self._credentials, self._http, self._threads = connection.credentials, http, threads
        self._pages_ahead = PagesAhead(http, threads)
        self._origin = origin(self._credentials["client_url"])
        email_source = connection.choices.get("email_source", "")
        most_records = connection.bounds.page_records
        self._reader = StudentReader(fields, email_source, most_records)
        self._bearer = Bearer(NAME, connection.tokens, connection.bounds.sign_ins, self._sign_in)
        self.page_size = min(self._largest_page(), most_records)

    def count(self) -> int:
        answer = self._ask(f"/ws/v1/district/student/count?q={ACTIVE}", COUNT)
        stated = whole_number(scalar(answer["resource"].get("count", NULL)))
        if stated is None:
            raise not_powerschool(_("The number of students is not what PowerSchool answers."))
        return stated

    def submit(self, number: int) -> "Future[list[Record]]":
        token, sign_in = self._bearer.value, self._bearer.sign_in
        return self._pages_ahead.submit(lambda: self._page(number, token, sign_in))

    def renew(self, expired: TokenExpired) -> None:
        self._bearer.renew(expired)

    def begin_singles(self) -> None: ...  # the right to read students covers single ones

    def submit_single(self, sis_id: str) -> "Future[Single]":
        bearer = self._bearer
        return self._threads.submit(self._single, sis_id, bearer.value, bearer.sign_in)

    def _single(self, sis_id: str, token: str, sign_in: int) -> Single:
        """Ask for one student by the id (DCID)."""
        if not is_number(sis_id):
            return Single(Presence.UNCLEAR, SisAnswer(sis_id))
        target = f"/ws/v1/student/{sis_id}?expansions={self._reader.expansions}"
        response = self._answer(target, token, sign_in)
        if response.status == 404:  # no student has this id (clients)
            return Single(Presence.GONE, SisAnswer(sis_id, exists=False))
        if response.status != 200:
            raise_for_status(response, self._origin)
        return self._reader.single(sis_id, response.body)

    def _page(self, number: int, token: str, sign_in: int) -> list[Record]:
        query = (
            f"page={number}&pagesize={self.page_size}"
            f"&expansions={self._reader.expansions}&q={ACTIVE}"
        )
        return self._read(f"/ws/v1/district/student?{query}", self._reader.records, token, sign_in)

    def _largest_page(self) -> int:
        """Return the largest page size that this server allows.

        Asking for more is answered in ways that nobody documents.
        """
        try:
            metadata = self._ask("/ws/v1/metadata", METADATA).get("metadata", {})
        except (UnexpectedShape, PermissionMissing):
            return DEFAULT_PAGE
        stated = metadata.get("student_max_page_size", NULL)
        size = whole_number(scalar(stated))
        return min(size, LARGEST_PAGE) if size else DEFAULT_PAGE

    def _ask(self, target: str, decoder: "msgspec.json.Decoder[T]") -> T:
        def read() -> T:
            token, sign_in = self._bearer.value, self._bearer.sign_in
            return self._read(target, lambda body: decoded_answer(decoder, body), token, sign_in)

        return self._bearer.renewing(read)

    def _read(self, target: str, decode: Callable[[bytes], T], token: str, sign_in: int) -> T:
        return read_patiently(lambda: self._get(target, token, sign_in), decode)

    def _get(self, target: str, token: str, sign_in: int) -> bytes:
        response = self._answer(target, token, sign_in)
        if response.status != 200:
            raise_for_status(response, self._origin)
        return response.body

    def _answer(self, target: str, token: str, sign_in: int) -> Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        response = self._http.request("GET", self._origin + target, headers=headers)
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
        url = f"{self._origin}/oauth/access_token"
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
            raise_for_status(response, self._origin)
        token = granted(response.body, datetime.now(UTC))
        if token is None:
            raise not_powerschool(_("The answer to our sign-in is not what PowerSchool answers."))
        return token


def pages(
    connection: Connection,
    fields: frozenset[str],
    *,
    pause: Callable[[float], object] | None = None,
) -> Pages:
    """Yield every page of the district's active students; see `base.Source`.

    `pause` replaces waiting in tests.
    """
    bounds = connection.bounds
    # The order matters when the reader stops early: `http` is closed first, which ends the waits of
    # the threads.
    with (
        ThreadPoolExecutor(bounds.parallel, "powerschool") as threads,
        Http(bounds, NAME, pause) as http,
    ):
        connection.interruption.add(http.close)
        district = _District(connection, fields, http, threads)
        students = ListWithTotal(district, bounds)
        return (yield from read_lists([students], district, connection))


def origin(client_url: str) -> str:
    """Return the server of a pasted address: https://ps.example.org for `ps.example.org/admin/`."""
    text = client_url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text.lstrip('/')}")
    except ValueError:
        parts = urlsplit("")
    return f"{parts.scheme}://{parts.netloc}"  # a user name in it is refused by `http`


SOURCE: Final = Source(
    slug="powerschool",
    label=NAME,
    grade_field="grade_level",
    pages=pages,
    variants=(
        Variant(
            key="",
            label=NAME,
            hint=_(
                "In PowerSchool, install and enable a plugin with API access. Its Data Provider "
                "Configuration page shows the Client ID and the Client Secret."
            ),
            credentials=(
                CredentialField(
                    key="client_id",
                    label=_("Client ID"),
                    kind="text",
                    help=_("Shown in PowerSchool under the plugin's Data Provider Configuration."),
                ),
                CredentialField(
                    key="client_secret",
                    label=_("Client Secret"),
                    kind="secret",
                    help=_("Shown beside the Client ID. It is stored encrypted."),
                ),
                CredentialField(
                    key="client_url",
                    label=_("Client URL"),
                    kind="url",
                    help=_("The address at which you open PowerSchool in the browser."),
                    placeholder="https://powerschool.example.org",
                ),
            ),
            mapping=(
                MappingRow(
                    source_field="id",
                    field="sis_id",
                    required=True,
                    label=_("ID (DCID)"),
                    where=_("given by PowerSchool itself; nobody edits it"),
                ),
                MappingRow(
                    source_field="email",
                    field="email",
                    required=True,
                    label=_("Email"),
                    where=_("the student's page > Contacts > the student's own e-mail"),
                ),
                MappingRow(
                    source_field="first_name",
                    field="first_name",
                    required=True,
                    label=_("First name"),
                    where=_("the student's page > Demographics > Name"),
                ),
                MappingRow(
                    source_field="last_name",
                    field="last_name",
                    required=True,
                    label=_("Last name"),
                    where=_("the student's page > Demographics > Name"),
                ),
                MappingRow(
                    source_field="projected_graduation_year",
                    field="graduation_year",
                    required=True,
                    label=_("Projected graduation year"),
                    where=_("the student's page > Scheduling Setup > Year of Graduation"),
                ),
                MappingRow(
                    source_field="birth_date",
                    field="birth_date",
                    required=False,
                    label=_("Date of birth"),
                    where=_("the student's page > Demographics > Date of Birth"),
                ),
                MappingRow(
                    source_field="gender",
                    field="gender",
                    required=False,
                    label=_("Gender"),
                    where=_("the student's page > Demographics > Gender"),
                ),
                MappingRow(
                    source_field="local_id",
                    field="student_number",
                    required=False,
                    label=_("Student number"),
                    where=_("the student's page > Demographics > Student Number"),
                ),
                MappingRow(
                    source_field="home_room",
                    field="home_room",
                    required=False,
                    label=_("Home room"),
                    where=_("the student's page > Scheduling Setup > Home Room"),
                ),
            ),
            choices=(
                Choice(
                    key="email_source",
                    label=_("Where the student's e-mail is kept"),
                    options=(
                        ("contact_info", _("The student's contact e-mail")),
                        (
                            "student_username",
                            _("The student's user name, where it is an e-mail address"),
                        ),
                    ),
                    help=_(
                        "Districts keep it in different places. A test run shows which students "
                        "have none."
                    ),
                ),
            ),
        ),
    ),
)
