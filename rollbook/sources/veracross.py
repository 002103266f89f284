"""Veracross: reads a school's current students, through its Data API (v3, OAuth) or its legacy API (v2, user name and password).

The two differ in everything but the school route. Records leave here under v2's names and with labels for codes, whichever gave them.
How Veracross behaves is marked with where it is known from: its documentation (doc), its API description (spec), or what several
working clients depend on (clients). No documentation of v2 is public.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, NoReturn, Required, TypedDict
from urllib.parse import urlencode, urlsplit

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
    AddressUnreachable,
    AuthRejected,
    PermissionMissing,
    TokenExpired,
    UnexpectedShape,
)
from rollbook.sources.http import Answer, Http
from rollbook.sources.paging import Record, read_roster, read_untold
from rollbook.sources.shapes import Scalar, decoded, read_patiently, record_type
from rollbook.sources.wire import redirect_host

NAME: Final = "Veracross"
API, ACCOUNTS = "https://api.veracross.com", "https://accounts.veracross.com"
PAGE_SIZE: Final = 1_000  # the most that either version gives (doc; clients)
SCOPE: Final = "students:list"
# Without one of deflate, identity or * among the encodings v3 answers 406 (doc).
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "gzip, identity"}

# Our names for v3's fields where they differ from v2's.
V3_NAMES: Final = {"person_pk": "id", "current_grade": "grade_level"}
CODED: Final = (
    "grade_level",
    "gender",
)  # the school's own numbers, explained by value lists: 20 can be Kindergarten (doc)
ALWAYS: Final = frozenset({"person_pk", "current_grade"})
NO_LABEL: Final = frozenset({"", "none", "<none>"})  # what the item for "not set" is called (doc)
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class _Item(TypedDict, total=False):
    id: Scalar  # a number in the examples, a text in the description (doc, spec)
    description: Scalar
    obsolete: Scalar


class _ValueList(TypedDict, total=False):
    fields: list[str]
    items: list[_Item] | None


class _Problem(TypedDict, total=False):
    error: Scalar


class Address(NamedTuple):
    """Where one school's API is, and where its tokens are given."""

    api: str
    accounts: str


def address(client: str) -> Address:
    """From what was typed as Client or School Route: the short name `acs`, or a pasted address of Veracross with it in its path.

    Any other address is taken as a server of its own, such as a stand-in: `http://127.0.0.1:8102/acs`. Raises AddressRefused.
    """
    text = client.strip().strip("/")
    try:
        parts = urlsplit(
            text if "://" in text else f"https://{text}" if "/" in text else f"{API}/{text}"
        )
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    route = parts.path.strip("/").partition("/")[0]
    if not host or not re.fullmatch(r"[\w-]{1,100}", route, re.ASCII):
        raise AddressRefused("This is not a school route.", _ROUTE)
    if host.endswith(".veracross.com"):
        return Address(f"{API}/{route}", f"{ACCOUNTS}/{route}")
    own = f"{parts.scheme}://{parts.netloc}/{route}"  # a user name in it is refused by `http`
    return Address(own, own)


class _Legacy:
    """One conversation by v2: pages with a stated total, labels for everything. `_page` runs in other threads."""

    name, id_field, page_size = NAME, "person_pk", PAGE_SIZE

    def __init__(
        self, connection: Connection, wanted: frozenset[str], http: Http, threads: Executor
    ) -> None:
        given = connection.credentials
        self._students = f"{address(given['client']).api}/v2/students.json"
        self._headers = HEADERS | {"Authorization": basic(given["user_name"], given["password"])}
        self._http, self._threads = http, threads
        many: Any = list
        self._decoder: msgspec.json.Decoder[list[Record]] = msgspec.json.Decoder(
            many[record_type("_Student", wanted | ALWAYS)]
        )

    def count(self) -> int:
        stated = self._get(1, 1).headers.get("x-total-count", "")
        if not (stated.isascii() and stated.isdecimal()):
            raise _not_veracross("The answer")
        return int(stated)

    def submit(self, number: int) -> "Future[list[Record]]":
        return self._threads.submit(
            read_patiently, lambda: self._get(number, self.page_size).body, self._records
        )

    def renew(self, expired: TokenExpired) -> None:
        raise expired  # v2 has no tokens

    def _records(self, body: bytes) -> list[Record]:
        return decoded(self._decoder, body, lambda: _not_veracross("The answer"))

    def _get(self, page: int, count: int) -> Answer:
        answer = self._http.request(
            "GET", f"{self._students}?page={page}&count={count}", headers=self._headers
        )
        if answer.status == 401:
            raise AuthRejected(
                "Veracross does not accept the User Name and Password.",
                "Enter both again as Veracross gave them to you; the user name mostly starts with “api.”. If you were given a Client "
                "ID and a Client Secret, choose API v3.",
            )
        if answer.status == 403:
            raise PermissionMissing(
                "Veracross accepts our sign-in, but this user may not read students.",
                "Ask Veracross to give the API user the right to read students.",
            )
        return answer if answer.status == 200 else _refused(answer, self._students)


class _Codes:
    """The school's own value lists: what the codes in its records mean."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, _Item]] = {}

    def learn(self, lists: Iterable[_ValueList]) -> None:
        for each in lists:
            for field in each.get("fields", ()):
                self._lists.setdefault(field, {}).update(
                    {str(item.get("id")): item for item in each.get("items") or ()}
                )

    def knows(self, field: str) -> bool:
        return field in self._lists

    def explain(self, record: Record, field: str) -> None:
        """Put the label in the place of a code. "Not set" is None; an unknown code is taken out, for nobody knows what it says."""
        code = record[field]
        number = re.fullmatch(r"\s*(-?\d+)(?:\.0)?\s*", str(code), re.ASCII)
        item = self._lists.get(field, {}).get(number[1] if number else str(code))
        if item is not None:
            label = str(item.get("description") or "").strip()
            record[field] = None if label.casefold() in NO_LABEL else label
        elif number:
            del record[field]
            if field == "grade_level":  # said aloud: a number would be taken for the grade itself
                record[field] = f"code {number[1]}, which is not in the list of grades"

    def future_roles(self) -> list[str]:
        """The ids of the roles for future students; schools may number and name roles as they like (clients)."""
        items = self._lists.get("role", {}).items()
        return [
            code
            for code, item in items
            if str(item.get("description")).casefold().startswith("future student")
            and not item.get("obsolete")
        ]


class _Data:
    """One conversation by v3: pages by header and without a total, codes with value lists, a token that ends after an hour."""

    name, id_field, page_size = NAME, "person_pk", PAGE_SIZE

    def __init__(self, connection: Connection, wanted: frozenset[str], http: Http) -> None:
        self._credentials, self._http = connection.credentials, http
        self._address = address(self._credentials["client"])
        self._codes = _Codes()
        fields = {V3_NAMES.get(name, name) for name in wanted | ALWAYS}
        self._coded = [field for field in CODED if field in fields]
        many: Any = list
        envelope: Any = TypedDict  # its functional form, whose fields mypy can't know
        parts = {
            "data": Required[many[record_type("_Student", fields)]],
            "value_lists": list[_ValueList] | None,
        }
        self._decoder: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(
            envelope("_Page", parts, total=False)
        )
        self._bearer = Bearer(NAME, connection.tokens, connection.bounds.sign_ins, self._signed_in)
        self._query = ""

    def page(self, number: int) -> list[Record]:
        while True:
            try:
                return read_patiently(lambda: self._get(number), self._records)
            except TokenExpired as expired:
                self._bearer.renew(expired)

    def look_at(self, role: str) -> None:
        """Read the students of this role from now on. Without one Veracross gives current students only (clients)."""
        self._query = "?" + urlencode({"role": role})

    def future_roles(self) -> list[str]:
        roles = self._codes.future_roles()
        if not roles:
            raise UnexpectedShape(
                "Veracross has no role for future students.",
                "Ask whoever looks after Veracross how that role is called at your school, or set “Include future students” to No.",
            )
        return roles

    def _records(self, body: bytes) -> list[Record]:
        page = decoded(self._decoder, body, lambda: _not_veracross("The answer"))
        records: list[Record] = page["data"]
        self._codes.learn(page.get("value_lists") or ())
        if records and not self._codes.knows("grade_level"):
            raise _not_veracross("An answer with codes and without the list of grades")
        for record in records:
            for field in self._coded:
                if field in record:
                    self._codes.explain(record, field)
            if "birthday" in record:
                record["birthday"] = iso_date(record["birthday"])
            for ours, theirs in V3_NAMES.items():
                if theirs in record:
                    record[ours] = record.pop(theirs)
        return records

    def _get(self, number: int) -> bytes:
        paging = {
            "X-Page-Number": str(number),
            "X-Page-Size": str(self.page_size),
            "X-API-Value-Lists": "include",
        }
        headers = HEADERS | paging | {"Authorization": f"Bearer {self._bearer.value}"}
        answer = self._http.request(
            "GET", f"{self._address.api}/v3/students{self._query}", headers=headers
        )
        if answer.status == 200:
            return answer.body
        if answer.status == 403 or (
            answer.status == 401 and "scope" in _said(answer).lower()
        ):  # a missing scope comes as 401 (doc)
            raise _scope_missing()
        if answer.status == 401:
            raise TokenExpired(self._bearer.sign_in)
        _refused(answer, self._address.api)

    def _signed_in(self) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials["user_name"].strip(),
            "client_secret": self._credentials["password"].strip(),
            "scope": SCOPE,
        }
        headers = HEADERS | {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._http.request(
            "POST",
            f"{self._address.accounts}/oauth/token",
            headers=headers,
            content=urlencode(form).encode(),
        )
        if answer.status in {400, 401, 403}:
            if _said(answer) == "invalid_scope":
                raise _scope_missing()
            raise AuthRejected(
                "Veracross does not accept the Client ID and Client Secret.",
                "Copy both again from the OAuth application in Veracross, and check that the School Route is of the same school. If "
                "you were given a user name and a password, choose API v2.",
            )
        if answer.status != 200:
            _refused(answer, self._address.accounts)
        token = granted(answer.body, datetime.now(UTC))
        if token is None:
            raise _not_veracross("The answer to our sign-in")
        return token


def pages(
    connection: Connection,
    wanted: frozenset[str],
    *,
    pause: Callable[[float], object] | None = None,
) -> Pages:
    """Every page of the school's current students; see `base.Source.pages`. `pause` replaces waiting in tests."""
    bounds = connection.bounds
    # The order matters when the reader stops early: `http` is closed first, which ends what the threads are waiting for.
    with (
        ThreadPoolExecutor(bounds.parallel, "veracross") as threads,
        Http(bounds, NAME, pause) as http,
    ):
        if SOURCE.variant(connection.variant).key == "v2":
            return (yield from read_roster(_Legacy(connection, wanted, http, threads), bounds))
        data = _Data(connection, wanted, http)
        proof = yield from read_untold(data, bounds)
        if connection.choices.get("future_students") == "yes":
            for role in data.future_roles():
                data.look_at(role)
                proof = proof.plus((yield from read_untold(data, bounds)))
        return proof


def iso_date(value: Scalar) -> Scalar:
    """`May 17 2011`, as one description says, and `2011-05-17`, as the other says (both spec), are one date."""
    match = (
        re.fullmatch(r"([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", value.strip())
        if isinstance(value, str)
        else None
    )
    if match is None or match[1].lower() not in MONTHS:
        return value
    return f"{match[3]}-{MONTHS.index(match[1].lower()) + 1:02d}-{int(match[2]):02d}"


def _said(answer: Answer) -> str:
    """The word for the error, to be looked at and never repeated."""
    try:
        return str(_PROBLEM.decode(answer.body).get("error"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""


def _scope_missing() -> PermissionMissing:
    return PermissionMissing(
        "Veracross accepts our sign-in, but the OAuth application has no right to read students.",
        f"In Veracross, switch on the scope {SCOPE} of the OAuth application. It takes somebody with the role OAuth_App_Admin.",
    )


def _refused(answer: Answer, asked: str) -> NoReturn:
    """Any other answer than the one we asked for."""
    if answer.status == 404:
        raise AddressUnreachable("Veracross knows no school with this route.", _ROUTE)
    if answer.status in {301, 302, 303, 307, 308}:
        host = redirect_host(answer.headers.get("location", ""), asked)
        if host != urlsplit(asked).hostname:
            raise AddressRefused(
                f"Veracross sends us on to {host}, and we don't take your credentials there.",
                _ROUTE,
            )
    raise _not_veracross(f"The answer (status {answer.status})")


def _not_veracross(what: str) -> UnexpectedShape:
    return UnexpectedShape(
        f"{what} is not what Veracross answers.",
        "Run it again. If it stays so, ask Veracross whether its API is in maintenance, and check the school route.",
    )


_PROBLEM: Final = msgspec.json.Decoder(_Problem)
_ROUTE: Final = "It is the short name of the school in the address of Axiom: “acs” in axiom.veracross.com/acs. Enter just that."
_RECORD: Final = "the student's record in Axiom"

_ROWS: Final[Mapping[str, MappingRow]] = {
    row.source_field: row
    for row in (
        MappingRow(
            "person_pk", "sis_id", True, "person_pk", "given by Veracross itself; nobody edits it"
        ),
        MappingRow("email_1", "email", True, "email_1", f"{_RECORD} > Email 1"),
        MappingRow("first_name", "first_name", True, "first_name", f"{_RECORD} > First Name"),
        MappingRow("last_name", "last_name", True, "last_name", f"{_RECORD} > Last Name"),
        MappingRow(
            "graduation_year",
            "graduation_year",
            True,
            "graduation_year",
            f"{_RECORD} > Graduation Year",
        ),
        MappingRow("email_2", "personal_email", False, "Personal email", f"{_RECORD} > Email 2"),
        MappingRow("middle_name", "middle_name", False, "Middle name", f"{_RECORD} > Middle Name"),
        MappingRow(
            "preferred_name",
            "preferred_name",
            False,
            "Preferred name",
            f"{_RECORD} > Preferred Name",
        ),
        MappingRow(
            "current_grade", "grade_level", False, "Current grade", f"{_RECORD} > Current Grade"
        ),
        MappingRow("birthday", "birth_date", False, "Date of birth", f"{_RECORD} > Birthday"),
        MappingRow("gender", "gender", False, "Gender", f"{_RECORD} > Gender"),
    )
}
_CLIENT: Final = (
    CredentialField(  # of kind `url`: it decides where secrets go, so changing it clears them
        "client",
        "Client",
        "url",
        "The short name of your school at Veracross, as in axiom.veracross.com/acs.",
        "acs",
    )
)

SOURCE: Final = Source(
    slug="veracross",
    label=NAME,
    grade_field="current_grade",
    pages=pages,
    variants=(
        Variant(
            key="v3",
            label="API v3",
            hint="Make an OAuth application for Rollbook in Veracross and switch on its scope students:list. If Veracross gave you a user "
            "name and a password instead, choose API v2.",
            credentials=(
                CredentialField(
                    "user_name", "Client ID", "text", "Shown by the OAuth application in Veracross."
                ),
                CredentialField(
                    "password",
                    "Client Secret",
                    "secret",
                    "Shown beside the Client ID. It is stored encrypted.",
                ),
                replace(_CLIENT, label="School Route"),
            ),
            mapping=tuple(
                row for row in _ROWS.values() if row.source_field != "email_2"
            ),  # v3's list of students has none (spec)
            choices=(
                Choice(
                    key="future_students",
                    label="Include future students",
                    options=(("no", "No"), ("yes", "Yes")),
                    help="Students who are accepted and don't attend yet.",
                ),
            ),
        ),
        Variant(
            key="v2",
            label="API v2 (legacy)",
            hint="For a user name and a password that Veracross gave you. If you have a Client ID and a Client Secret, choose API v3.",
            credentials=(
                CredentialField(
                    "user_name",
                    "User Name",
                    "text",
                    "The API user that Veracross made for you.",
                    "api.school",
                ),
                CredentialField(
                    "password",
                    "Password",
                    "secret",
                    "The password of this API user. It is stored encrypted.",
                ),
                _CLIENT,
            ),
            mapping=tuple(_ROWS.values()),
        ),
    ),
)
