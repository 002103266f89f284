"""PowerSchool SIS: reads the active students of a district through its v1 API, with a plugin's Client ID and Client Secret.

How PowerSchool behaves is marked with where it is known from: its developer documentation (doc), answers that others measured
on live servers (live), or what several working clients depend on (clients).
"""

import re
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypedDict, TypeVar
from urllib.parse import urlsplit

import msgspec

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
    AddressRefused,
    AuthRejected,
    PermissionMissing,
    TokenExpired,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.http import Answer, Http
from rollbook.sources.paging import Record, read_roster
from rollbook.sources.shapes import Scalar, decoded, read_patiently
from rollbook.sources.wire import redirect_host

T = TypeVar("T")

NAME: Final = "PowerSchool"
ACTIVE: Final = "school_enrollment.enroll_status_code==0"  # without a filter the district's list holds everybody (doc)
USUAL_PAGE: Final = 100  # out of the box; an administrator may raise it to 1,000 (clients)
LARGEST_PAGE: Final = 1_000
MAINTENANCE_HOST: Final = (
    "message.powerschool.com"  # where a server that is down sends its callers (live)
)

# Which object of a student holds a field; "" is the student itself. An object other than `name` is an expansion to ask for.
HOLDERS: Final = {
    "id": "",
    "local_id": "",
    "student_username": "",
    "first_name": "name",
    "middle_name": "name",
    "last_name": "name",
    "email": "contact_info",
    "projected_graduation_year": "demographics",
    "birth_date": "demographics",
    "gender": "demographics",
    "grade_level": "school_enrollment",
}
ALWAYS: Final = frozenset({"id", "grade_level"})

# PowerSchool turns XML into JSON: a text that looks like a number comes as a number, a list of one comes as its element, an
# empty object comes as "", and what has no value is left out (live).


class _Counted(TypedDict):
    count: int | str


class _Count(TypedDict):
    resource: _Counted


class _Limits(TypedDict, total=False):
    student_max_page_size: Scalar


class _Metadata(TypedDict, total=False):
    metadata: _Limits


class _Message(TypedDict, total=False):
    message: str


class _Denied(TypedDict, total=False):
    field: str
    resource: str


class _Problem(TypedDict, total=False):
    """The three ways in which PowerSchool words an error (live)."""

    error: str
    message: str
    errorMessage: _Message
    errors: list[_Denied]


class _Reading:
    """How one run reads a page: which fields, which expansions hold them, and the decoder that skips everything else."""

    def __init__(self, wanted: frozenset[str], email_source: str) -> None:
        self._username_as_email = email_source == "student_username" and "email" in wanted
        self._keep_username = "student_username" in wanted
        fields = (wanted | ALWAYS) & HOLDERS.keys()
        if self._username_as_email:
            fields = fields - {"email"} | {"student_username"}
        self._holders = sorted({HOLDERS[field] for field in fields} - {""})
        self.expansions = ",".join(holder for holder in self._holders if holder != "name")
        self._decoder = msgspec.json.Decoder(self._shape(fields))

    def _shape(self, fields: frozenset[str]) -> Any:
        """A type with the wanted fields only: what isn't named in it is skipped while decoding and never held."""
        made: Any = TypedDict  # its functional form, whose fields mypy can't know
        many: Any = list

        def held_by(holder: str) -> dict[str, Any]:
            return {field: Scalar for field in sorted(fields) if HOLDERS[field] == holder}

        groups = {
            holder: made(f"_{holder}", held_by(holder), total=False) | str | None
            for holder in self._holders
        }
        student = made("_Student", {**held_by(""), **groups}, total=False)
        students = made("_Students", {"student": many[student] | student | str | None}, total=False)
        return made("_Roster", {"students": students | str})

    def records(self, body: bytes) -> list[Record]:
        """The students of a page as flat dicts. Raises UnexpectedShape."""
        students = _decoded(self._decoder, body)["students"]
        found = students.get("student") if isinstance(students, dict) else None
        records: list[Record] = (
            found if isinstance(found, list) else [found] if isinstance(found, dict) else []
        )
        for record in records:
            for holder in self._holders:
                group = record.pop(holder, None)
                if (
                    group.__class__ is dict
                ):  # not isinstance: this line runs 400,000 times in a large district
                    record.update(group)
        if self._username_as_email:
            self._put_usernames(records)
        return records

    def _put_usernames(self, records: list[Record]) -> None:
        for record in records:
            name = (
                record.get("student_username")
                if self._keep_username
                else record.pop("student_username", None)
            )
            if isinstance(name, str) and "@" in name:
                record["email"] = name


class _District:
    """One conversation with one server. All but `_page` runs in the reader's thread."""

    name = NAME
    id_field = "id"

    def __init__(
        self, connection: Connection, wanted: frozenset[str], http: Http, threads: Executor
    ) -> None:
        self._credentials, self._http, self._threads = connection.credentials, http, threads
        self._origin = origin(self._credentials["client_url"])
        self._reading = _Reading(wanted, connection.choices.get("email_source", ""))
        self._bearer = Bearer(NAME, connection.tokens, connection.bounds.sign_ins, self._signed_in)
        self.page_size = self._largest_page()

    def count(self) -> int:
        found = self._ask(f"/ws/v1/district/student/count?q={ACTIVE}", _COUNT)["resource"]["count"]
        if not str(found).isdecimal():
            raise _not_powerschool("The number of students")
        return int(found)

    def submit(self, number: int) -> "Future[list[Record]]":
        return self._threads.submit(self._page, number, self._bearer.value, self._bearer.sign_in)

    def renew(self, expired: TokenExpired) -> None:
        self._bearer.renew(expired)

    def _page(self, number: int, token: str, sign_in: int) -> list[Record]:
        query = f"page={number}&pagesize={self.page_size}&expansions={self._reading.expansions}&q={ACTIVE}"
        return self._read(f"/ws/v1/district/student?{query}", self._reading.records, token, sign_in)

    def _largest_page(self) -> int:
        """Pages as large as this server allows; asking for more is answered in ways that nobody documents."""
        try:
            stated = (
                self._ask("/ws/v1/metadata", _METADATA)
                .get("metadata", {})
                .get("student_max_page_size")
            )
        except (UnexpectedShape, PermissionMissing):
            return USUAL_PAGE
        size = int(str(stated)) if str(stated).isdecimal() else 0
        return min(size, LARGEST_PAGE) if size else USUAL_PAGE

    def _ask(self, target: str, decoder: "msgspec.json.Decoder[T]") -> T:
        while True:
            try:
                return self._read(
                    target,
                    lambda body: _decoded(decoder, body),
                    self._bearer.value,
                    self._bearer.sign_in,
                )
            except TokenExpired as expired:
                self._bearer.renew(expired)

    def _read(self, target: str, decode: Callable[[bytes], T], token: str, sign_in: int) -> T:
        return read_patiently(lambda: self._get(target, token, sign_in), decode)

    def _get(self, target: str, token: str, sign_in: int) -> bytes:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        answer = self._http.request("GET", self._origin + target, headers=headers)
        if answer.status == 200:
            return answer.body
        if answer.status == 401:
            _refused_401(answer, sign_in)
        _refused(answer, self._origin)

    def _signed_in(self) -> Token:
        headers = {
            "Authorization": basic(
                self._credentials["client_id"], self._credentials["client_secret"]
            ),
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
        }
        url = f"{self._origin}/oauth/access_token"
        answer = self._http.request(
            "POST", url, headers=headers, content=b"grant_type=client_credentials"
        )
        if answer.status in {400, 401, 403}:
            raise AuthRejected(
                "PowerSchool does not accept the Client ID and Client Secret.",
                "Copy both again from PowerSchool: System > System Settings > Plugin Management Configuration > the plugin > "
                "Data Provider Configuration. Check there as well that the plugin is enabled.",
            )
        if answer.status != 200:
            _refused(answer, self._origin)
        token = granted(answer.body, datetime.now(UTC))
        if token is None:
            raise _not_powerschool("The answer to our sign-in")
        return token


def pages(
    connection: Connection,
    wanted: frozenset[str],
    *,
    pause: Callable[[float], object] | None = None,
) -> Pages:
    """Every page of the district's active students; see `base.Source.pages`. `pause` replaces waiting in tests."""
    bounds = connection.bounds
    # The order matters when the reader stops early: `http` is closed first, which ends what the threads are waiting for.
    with (
        ThreadPoolExecutor(bounds.parallel, "powerschool") as threads,
        Http(bounds, NAME, pause) as http,
    ):
        return (yield from read_roster(_District(connection, wanted, http, threads), bounds))


def origin(client_url: str) -> str:
    """The server of a pasted address: `ps.example.org/admin/home.html` is https://ps.example.org."""
    text = client_url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text.lstrip('/')}")
    except ValueError:
        parts = urlsplit("")
    return f"{parts.scheme}://{parts.netloc}"  # a user name in it is refused by `http`


def _decoded(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    return decoded(decoder, body, lambda: _not_powerschool("The answer"))


def _problem(answer: Answer) -> _Problem:
    try:
        return _decoded(_PROBLEM, answer.body)
    except UnexpectedShape:
        return {}


def _refused_401(answer: Answer, sign_in: int) -> NoReturn:
    """A 401 is about the token only if it says so or says nothing; a missing right comes as 401 as well (live)."""
    if "invalid_token" in answer.headers.get("www-authenticate", "") or not answer.body.strip():
        raise TokenExpired(sign_in)
    if "accessLevelV1Api" in _problem(answer).get("errorMessage", {}).get("message", ""):
        raise PermissionMissing(
            "PowerSchool accepts our sign-in, but the plugin has no right to read students.",
            "Install the plugin that this page offers, or ask the PowerSchool administrator to set the plugin's access level "
            'for the v1 API to READ under Data Provider Configuration (in plugin.xml: <oauth accessLevelV1Api="READ"/>).',
        )
    _forbidden(answer)


def _forbidden(answer: Answer) -> NoReturn:
    denied = _problem(answer).get("errors", [])
    names = [f"{entry.get('resource', '')}.{entry.get('field', '')}".strip(".") for entry in denied]
    named = [name for name in names if re.fullmatch(r"[\w.]{1,80}", name, re.ASCII)][
        :5
    ]  # nothing else of a body is repeated
    what = f" to {', '.join(named)}" if named else ""
    raise PermissionMissing(
        f"PowerSchool accepts our sign-in, but the plugin has no access{what}.",
        "Ask the PowerSchool administrator to give the plugin this access under Plugin Management Configuration.",
    )


def _refused(answer: Answer, our_origin: str) -> NoReturn:
    """Any other answer than the one we asked for."""
    if answer.status in {301, 302, 303, 307, 308}:
        _redirected(answer.headers.get("location", ""), our_origin)
    if answer.status == 403:
        _forbidden(answer)
    if answer.status == 404:
        raise UnexpectedShape(
            f"There is no PowerSchool at {our_origin}.",
            "Check the Client URL: it is the address at which you open PowerSchool in the browser.",
        )
    raise _not_powerschool(f"The answer (status {answer.status})")


def _redirected(location: str, our_origin: str) -> NoReturn:
    host = redirect_host(location, our_origin)
    if host == MAINTENANCE_HOST or "maintenance" in location.lower():
        raise TryLater(
            "PowerSchool is in maintenance.",
            "Nothing needs mending: the next scheduled run tries again.",
        )
    if host == urlsplit(our_origin).hostname:
        raise _not_powerschool("The answer (sent on to another page)")
    raise AddressRefused(
        f"{our_origin} sends us on to {host}, and we don't take your credentials there.",
        "If PowerSchool has moved, enter its new address as Client URL.",
    )


def _not_powerschool(what: str) -> UnexpectedShape:
    return UnexpectedShape(
        f"{what} is not what PowerSchool answers.",
        "Check the Client URL, and open it in the browser: PowerSchool may be in maintenance, or another page stands in front of it.",
    )


_COUNT: Final = msgspec.json.Decoder(_Count)
_METADATA: Final = msgspec.json.Decoder(_Metadata)
_PROBLEM: Final = msgspec.json.Decoder(_Problem)

_DEMOGRAPHICS: Final = "the student's page > Demographics"

SOURCE: Final = Source(
    slug="powerschool",
    label=NAME,
    grade_field="grade_level",
    pages=pages,
    variants=(
        Variant(
            key="",
            label=NAME,
            hint="In PowerSchool, install and enable a plugin with API access; its Data Provider Configuration page shows both.",
            credentials=(
                CredentialField(
                    "client_id",
                    "Client ID",
                    "text",
                    "Shown in PowerSchool under the plugin's Data Provider Configuration.",
                ),
                CredentialField(
                    "client_secret",
                    "Client Secret",
                    "secret",
                    "Shown beside the Client ID. It is stored encrypted.",
                ),
                CredentialField(
                    "client_url",
                    "Client URL",
                    "url",
                    "The address at which you open PowerSchool in the browser.",
                    "https://powerschool.example.org",
                ),
            ),
            mapping=(
                MappingRow(
                    "id",
                    "sis_id",
                    True,
                    "ID (DCID)",
                    "given by PowerSchool itself; nobody edits it",
                ),
                MappingRow(
                    "email",
                    "email",
                    True,
                    "Email",
                    "the student's page > Contacts > the student's own e-mail",
                ),
                MappingRow(
                    "first_name", "first_name", True, "First name", f"{_DEMOGRAPHICS} > Name"
                ),
                MappingRow("last_name", "last_name", True, "Last name", f"{_DEMOGRAPHICS} > Name"),
                MappingRow(
                    "projected_graduation_year",
                    "graduation_year",
                    True,
                    "Projected graduation year",
                    "the student's page > Scheduling Setup > Year of Graduation",
                ),
                MappingRow(
                    "birth_date",
                    "birth_date",
                    False,
                    "Date of birth",
                    f"{_DEMOGRAPHICS} > Date of Birth",
                ),
                MappingRow("gender", "gender", False, "Gender", f"{_DEMOGRAPHICS} > Gender"),
            ),
            choices=(
                Choice(
                    key="email_source",
                    label="Where the student's e-mail is kept",
                    options=(
                        ("contact_info", "The student's contact e-mail"),
                        (
                            "student_username",
                            "The student's user name, where it is an e-mail address",
                        ),
                    ),
                    help="Districts keep it in different places. A test run shows which students have none.",
                ),
            ),
        ),
    ),
)
