"""Speaks to Veracross: one class for each of its two APIs.

Where each fact is known from: Veracross's documentation (doc), or what several working clients
depend on (clients). No documentation of v2 is public.
"""

import re
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from rollbook.roster.records import SisAnswer
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Connection, Token
from rollbook.sources.bearer import Bearer, basic, granted
from rollbook.sources.errors import (
    AddressRefused,
    AuthRejected,
    PermissionMissing,
    TokenExpired,
    UnexpectedShape,
)
from rollbook.sources.http import Http, Response
from rollbook.sources.missing_students import Presence, Single
from rollbook.sources.numbers import header_number
from rollbook.sources.pages_ahead import PagesAhead
from rollbook.sources.record_types import Record
from rollbook.sources.sent_records import Records
from rollbook.sources.shapes import is_number, read_patiently
from rollbook.sources.veracross_answers import (
    CHECK_ROUTE,
    NOT_AN_ANSWER,
    SCOPE,
    SINGLE_SCOPE,
    V2_STATUS,
    V3_STATUS,
    SingleReader,
    ValueLists,
    error_word,
    iso_date,
    list_reader,
    not_veracross,
    page_reader,
    raise_for_status,
    scope_missing,
    status_text,
)
from rollbook.sources.veracross_fields import FurtherFields, take_campuses
from rollbook.sources.veracross_statuses import Statuses

NAME: Final = "Veracross"
API, ACCOUNTS = "https://api.veracross.com", "https://accounts.veracross.com"
PAGE_SIZE: Final = 1_000  # the most that either version gives (doc; clients)
# Without deflate, identity or * among the encodings, v3 answers 406 (doc).
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, identity"}

# v3's names of fields, by v2's names, where they differ.
V3_NAMES: Final = {"person_pk": "id", "current_grade": "grade_level"}
# The school's own numbers, which value lists explain: 20 can be Kindergarten (doc).
CODED_FIELDS: Final = ("grade_level", "gender")
ALWAYS_READ: Final = frozenset({"person_pk", "current_grade"})


class Address(NamedTuple):
    """The URL of a school's API, and the URL that gives its tokens."""

    api: str
    accounts: str


def address(client: str) -> Address:
    """Return the addresses of the school that was entered as Client or School Route.

    That is the short name `acs`, or a pasted address of Veracross with the short name in its path.
    Any other address is taken as a server of its own, such as a stand-in:
    `http://127.0.0.1:8102/acs`. Raises AddressRefused.
    """
    text = client.strip().strip("/")
    if "://" not in text:
        text = f"https://{text}" if "/" in text else f"{API}/{text}"
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    route = parts.path.strip("/").partition("/")[0]
    if not host or not re.fullmatch(r"[\w-]{1,100}", route, re.ASCII):
        raise AddressRefused(_("This is not a school route."), CHECK_ROUTE)
    if host.endswith(".veracross.com"):
        return Address(f"{API}/{route}", f"{ACCOUNTS}/{route}")
    server = f"{parts.scheme}://{parts.netloc}/{route}"  # a user name in it is refused by `http`
    return Address(server, server)


class LegacyApi:
    """One conversation by v2: pages with a stated total, and labels instead of codes."""

    name, id_field, page_size = NAME, "person_pk", PAGE_SIZE

    def __init__(
        self, connection: Connection, fields: frozenset[str], http: Http, threads: Executor
    ) -> None:
        credentials = connection.credentials
        self._students = f"{address(credentials['client']).api}/v2/students.json"
        authorization = basic(credentials["user_name"], credentials["password"])
        self._headers = HEADERS | {"Authorization": authorization}
        self._http, self._threads = http, threads
        self._pages_ahead = PagesAhead(http, threads)
        most_records = connection.bounds.page_records
        self.page_size = min(self.page_size, most_records)
        self._further = FurtherFields(fields | ALWAYS_READ, connection.grade_meanings)
        read = self._further.read
        self._reader = list_reader(read, most_records)
        self._statuses = Statuses(V2_STATUS, connection.today)
        self._single_reader = SingleReader("student", read, V2_STATUS)

    def count(self) -> int:
        stated = header_number(self._get(1, 1).headers.get("x-total-count", ""))
        if stated is None:
            raise not_veracross(NOT_AN_ANSWER)
        return stated

    def submit(self, number: int) -> "Future[Records]":
        return self._pages_ahead.submit(
            lambda: read_patiently(lambda: self._get(number, self.page_size).body, self._records)
        )

    def renew(self, expired: TokenExpired) -> None:
        raise expired  # v2 has no tokens

    def _records(self, body: bytes) -> Records:
        _page, records = self._reader.read(body)
        flat = records.flattened()
        self._statuses.sort_out(flat, "person_pk")
        campuses = take_campuses(flat)
        if self._further:
            self._further.finish(flat, campuses)
        return records

    def begin_singles(self) -> None: ...  # the right to read students covers single ones

    def submit_single(self, sis_id: str) -> "Future[Single]":
        return self._threads.submit(self._single, sis_id)

    def _single(self, sis_id: str) -> Single:
        if not is_number(sis_id):
            return Single(Presence.UNCLEAR, SisAnswer(sis_id))
        response = self._ask(f"{self._students.removesuffix('.json')}/{sis_id}.json")
        if response.status == 404:  # what Veracross answers for an unknown id is not documented
            return Single(Presence.GONE, SisAnswer(sis_id, exists=False))
        if response.status != 200:
            raise_for_status(response, self._students)
        record = self._single_reader.read(response.body)
        status = status_text(record.get("enrollment_status", b""))
        presence, exit_date = self._statuses.presence(record)
        campuses = take_campuses([record])
        if self._further:
            self._further.finish([record], campuses)
        return single(sis_id, presence, record, SisAnswer(sis_id, status, exit_date))

    def _get(self, page: int, count: int) -> Response:
        # Without the option, the list may have former and future students and alumni (clients).
        response = self._ask(f"{self._students}?option=2&page={page}&count={count}")
        return response if response.status == 200 else raise_for_status(response, self._students)

    def _ask(self, url: str) -> Response:
        response = self._http.request("GET", url, headers=self._headers)
        if response.status == 401:
            raise AuthRejected(
                _("Veracross does not accept the User Name and Password."),
                _(
                    "Enter both again as Veracross gave them to you; the user name mostly starts "
                    "with “api.”. If you were given a Client ID and a Client Secret, choose API v3."
                ),
            )
        if response.status == 403:
            raise PermissionMissing(
                _("Veracross accepts our sign-in, but this user may not read students."),
                _("Ask Veracross to give the API user the right to read students."),
            )
        return response


def single(sis_id: str, presence: Presence, record: Record, answer: SisAnswer) -> Single:
    """Return the answer about one student."""
    if str(record.get("person_pk")) != sis_id:
        return Single(Presence.OTHER, SisAnswer(sis_id))
    return Single(presence, answer, [record] if presence is Presence.HERE else [])


class DataApi:
    """One conversation by v3: no stated total, codes with value lists, tokens of one hour."""

    name, id_field, page_size = NAME, "person_pk", PAGE_SIZE

    def __init__(self, connection: Connection, fields: frozenset[str], http: Http) -> None:
        self._credentials, self._http = connection.credentials, http
        self._address = address(self._credentials["client"])
        self._value_lists = ValueLists()
        self._further = FurtherFields(fields | ALWAYS_READ, connection.grade_meanings)
        read = self._further.read
        v3_fields = {V3_NAMES.get(name, name) for name in read}
        self._coded_fields = [field for field in CODED_FIELDS if field in v3_fields]
        renamed = {v3_name: v2_name for v2_name, v3_name in V3_NAMES.items()}
        most_records = connection.bounds.page_records
        self.page_size = min(self.page_size, most_records)
        self._reader = page_reader(v3_fields, renamed, most_records)
        self._single_reader = SingleReader("data", v3_fields, V3_STATUS)
        self._statuses = Statuses(V3_STATUS, connection.today)
        sign_ins = connection.bounds.sign_ins
        self._bearer = Bearer(NAME, connection.tokens, sign_ins, lambda: self.sign_in(SCOPE))

    @property
    def token(self) -> Token:
        return self._bearer.token

    def page(self, number: int, size: int, role: str = "") -> Records:
        """Return a page of the students with this role; without one, of the current students.

        Without a role, Veracross gives current students only (clients).
        """
        query = "?" + urlencode({"role": role}) if role else ""
        return self._bearer.renewing(
            lambda: read_patiently(lambda: self._get(query, number, size), self._records)
        )

    def future_roles(self) -> list[str]:
        """Return the ids of the roles for future students.

        Raises UnexpectedShape if there is none.
        """
        roles = self._value_lists.future_roles()
        if not roles:
            raise UnexpectedShape(
                _("Veracross has no role for future students."),
                _(
                    "Ask whoever looks after Veracross how that role is called at your school, or "
                    "set “Include future students” to No."
                ),
            )
        return roles

    def _records(self, body: bytes) -> Records:
        page, records = self._reader.read(body)
        flat = records.flattened()
        self._value_lists.add(page.get("value_lists") or ())
        self._statuses.sort_out(flat, "id", self._value_lists)
        campuses = take_campuses(flat)
        if records and not self._value_lists.has("grade_level"):
            raise not_veracross(
                _(
                    "An answer with codes and without the list of grades is not what Veracross "
                    "answers."
                )
            )
        for record in flat:
            self._translate(record)
        if self._further:
            self._further.finish(flat, campuses, self._value_lists)
        return records

    def _translate(self, record: Record) -> None:
        """Replace v3's names by v2's, and codes by labels."""
        for field in self._coded_fields:
            if field in record:
                self._value_lists.replace_code(record, field)
        if "birthday" in record:
            record["birthday"] = iso_date(record["birthday"])
        for v2_name, v3_name in V3_NAMES.items():
            if v3_name in record:
                record[v2_name] = record.pop(v3_name)

    def _get(self, query: str, number: int, size: int) -> bytes:
        headers = {
            "X-Page-Number": str(number),
            "X-Page-Size": str(size),
            "X-API-Value-Lists": "include",
        }
        response = self._ask(f"students{query}", self._bearer.value, self._bearer.sign_in, headers)
        if response.status != 200:
            raise_for_status(response, self._address.api)
        return response.body

    def single(self, sis_id: str, token: str, sign_in: int) -> Single:
        """Return the answer about one student. The codes are those of the list."""
        if not is_number(sis_id):
            return Single(Presence.UNCLEAR, SisAnswer(sis_id))
        response = self._ask(f"students/{sis_id}", token, sign_in, {})
        if response.status == 404:  # the status for an unknown id is not documented
            return Single(Presence.GONE, SisAnswer(sis_id, exists=False))
        if response.status != 200:
            raise_for_status(response, self._address.api)
        record = self._single_reader.read(response.body)
        code = status_text(record.get("enrollment_status", b""))
        status = self._value_lists.label("enrollment_status", code)
        presence, exit_date = self._statuses.presence(record)
        self._translate(record)
        campuses = take_campuses([record])
        if self._further:
            self._further.finish([record], campuses, self._value_lists)
        return single(sis_id, presence, record, SisAnswer(sis_id, status, exit_date))

    def _ask(self, path: str, token: str, sign_in: int, headers: dict[str, str]) -> Response:
        headers = HEADERS | {"Authorization": f"Bearer {token}"} | headers
        response = self._http.request("GET", f"{self._address.api}/v3/{path}", headers=headers)
        # A missing scope comes as 401 (doc).
        if response.status == 401 and "scope" in error_word(response).lower():
            raise scope_missing()
        if response.status == 401:
            raise TokenExpired(sign_in)
        if response.status == 403:
            raise scope_missing()
        return response

    def sign_in(self, scope: str) -> Token:
        """Return a new token for this scope."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials["user_name"].strip(),
            "client_secret": self._credentials["password"].strip(),
            "scope": scope,
        }
        headers = HEADERS | {"Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self._address.accounts}/oauth/token"
        content = urlencode(form).encode()
        response = self._http.request("POST", url, headers=headers, content=content)
        if response.status in {400, 401, 403}:
            if error_word(response) == "invalid_scope":
                raise scope_missing()
            raise AuthRejected(
                _("Veracross does not accept the Client ID and Client Secret."),
                _(
                    "Copy both again from the OAuth application in Veracross, and check that the "
                    "School Route is of the same school. If you were given a user name and a "
                    "password, choose API v2."
                ),
            )
        if response.status != 200:
            raise_for_status(response, self._address.accounts)
        token = granted(response.body, datetime.now(UTC))
        if token is None:
            raise not_veracross(_("The answer to our sign-in is not what Veracross answers."))
        return token


class StudentsWithRole:
    """The list of students with one role, or of the current students; a `SisWithoutTotal`."""

    name, id_field = NAME, "person_pk"

    def __init__(self, api: DataApi, role: str = "") -> None:
        self._api, self._role, self.page_size = api, role, api.page_size

    def page(self, number: int, size: int) -> Records:
        return self._api.page(number, size, self._role)


class _NoCache:
    """Keeps no token."""

    def get(self) -> Token | None:
        return None

    def put(self, token: Token | None) -> None: ...


class DataApiSingles:
    """Asks v3 for one student, in another thread.

    That takes another scope, which a school may not have switched on. So it has a token of its own:
    asking for a scope that is off might refuse the whole sign-in.
    """

    def __init__(self, api: DataApi, threads: Executor) -> None:
        self._api, self._threads = api, threads
        self._bearer: Bearer | None = None

    def begin_singles(self) -> None:
        self._bearer = Bearer(NAME, _NoCache(), 1, lambda: self._api.sign_in(SINGLE_SCOPE))

    def submit_single(self, sis_id: str) -> "Future[Single]":
        assert self._bearer is not None
        token, sign_in = self._bearer.value, self._bearer.sign_in
        return self._threads.submit(self._api.single, sis_id, token, sign_in)

    def renew(self, expired: TokenExpired) -> None:
        assert self._bearer is not None
        self._bearer.renew(expired)
