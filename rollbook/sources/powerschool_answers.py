"""Reads PowerSchool's answers: the students of a page, and why a request was refused.

Where each fact is known from: PowerSchool's developer documentation (doc), or answers that others
measured on live servers (live).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypedDict, TypeVar
from urllib.parse import urlsplit

import msgspec

from rollbook.roster.records import SisAnswer
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.errors import (
    AddressRefused,
    InMaintenance,
    PermissionMissing,
    TokenExpired,
    UnexpectedShape,
)
from rollbook.sources.http import NEXT_RUN, Response
from rollbook.sources.missing_students import Presence, Single
from rollbook.sources.page_records import MOST_RECORDS, PageReader, PageShape
from rollbook.sources.powerschool_fields import EXTENSION_DATA, FurtherFields
from rollbook.sources.record_types import RecordType
from rollbook.sources.sent_records import SentRecords
from rollbook.sources.shapes import Scalar, decoded, iso_day, short_text
from rollbook.sources.wire import redirect_host

T = TypeVar("T")
ACTIVE_CODE: Final = "0"  # enroll_status_code of an active student (doc)

MAINTENANCE_HOST: Final = (
    "message.powerschool.com"  # where a server that is down redirects to (live)
)

# The object of a student that holds a field; "" is the student itself. Every object other than
# `name` is an expansion that has to be asked for (doc).
HOLDERS: Final = {
    "id": "",
    "local_id": "",
    "state_province_id": "",
    "student_username": "",
    "first_name": "name",
    "middle_name": "name",
    "last_name": "name",
    "email": "contact_info",
    "projected_graduation_year": "demographics",
    "birth_date": "demographics",
    "gender": "demographics",
    "grade_level": "school_enrollment",
    "school_number": "school_enrollment",
    "exit_date": "school_enrollment",
    "home_room": "schedule_setup",
}
_NOT_AN_ANSWER: Final = _("The answer is not what PowerSchool answers.")
ALWAYS_READ: Final = frozenset({"id", "grade_level"})

# PowerSchool turns XML into JSON: a text that looks like a number comes as a number, a list of one
# comes as its element, an empty object comes as "", and what has no value is left out (live).


class _Counted(TypedDict, total=False):  # msgspec refuses a Raw that is required
    count: msgspec.Raw  # a number of any length, or a text


class _Count(TypedDict):
    resource: _Counted


class _Limits(TypedDict, total=False):
    student_max_page_size: msgspec.Raw


class _Metadata(TypedDict, total=False):
    metadata: _Limits


class _Enrollment(TypedDict, total=False):
    enroll_status_code: Scalar
    enroll_status_description: Scalar
    exit_date: Scalar


class _One(TypedDict, total=False):
    id: Scalar
    local_id: Scalar
    state_province_id: Scalar
    school_enrollment: _Enrollment | str | None


class _OneStudent(TypedDict):
    student: _One


class _Message(TypedDict, total=False):
    message: str


class _Denied(TypedDict, total=False):
    field: str
    resource: str


class _Problem(TypedDict, total=False):
    """The three forms in which PowerSchool reports an error (live)."""

    error: str
    message: str
    errorMessage: _Message
    errors: list[_Denied]


COUNT: Final = msgspec.json.Decoder(_Count)
METADATA: Final = msgspec.json.Decoder(_Metadata)
_ONE_STUDENT: Final = msgspec.json.Decoder(_OneStudent)
_PROBLEM: Final = msgspec.json.Decoder(_Problem)


class StudentReader:
    """Reads the students of a page. The decoder skips every field that isn't asked for.

    `parts` is the part of a query that names the objects and extensions to be sent.
    `meanings` are the levels of names of grades, as in `base.Connection`.
    """

    def __init__(
        self,
        fields: frozenset[str],
        most_records: int = MOST_RECORDS,
        meanings: Mapping[str, int | None] = MappingProxyType({}),
    ) -> None:
        self._further = FurtherFields(fields, meanings)
        read = (fields | ALWAYS_READ | self._further.read) & HOLDERS.keys()
        self._holders = sorted({HOLDERS[field] for field in read} - {""})
        self.parts = self._further.parts(holder for holder in self._holders if holder != "name")
        keys = {
            holder: frozenset(field for field in read if HOLDERS[field] == holder)
            for holder in ("", *self._holders)
        }
        raw = (EXTENSION_DATA,) if self._further.extensions else ()
        self._type = RecordType(keys, "id", raw)
        typed_dict: Any = TypedDict  # its functional form, whose fields mypy can't know
        self._single = msgspec.json.Decoder(typed_dict("_Single", {"student": self._type.type}))
        self._finish = self._further.finish if self._further else None
        self._reader = PageReader(
            name="PowerSchool",
            shape=_page_shape(self._type.type),
            record=self._type,
            refuse=lambda: not_powerschool(_NOT_AN_ANSWER),
            most_records=most_records,
            finish=self._finish,
        )

    def records(self, body: bytes) -> SentRecords:
        """Return the students of a page. Raises UnexpectedShape."""
        _page, records = self._reader.read(body)
        if self._further.depends_on_grade:
            records.flattened()  # then the grade is part of what is compared with the last run
        return records

    def searched(self, sis_id: str, body: bytes, id_field: str) -> Single:
        """Return the answer about a student who was searched for by another ID than the DCID.

        Of several who have the ID, the active one counts. Raises UnexpectedShape.
        """
        singles = [
            self.single(sis_id, b'{"student":' + bytes(raw) + b"}", id_field)
            for raw in self._reader.raw_records(body)
        ]
        if not singles:
            return Single(Presence.GONE, SisAnswer(sis_id, exists=False))
        active = [single for single in singles if single.presence is Presence.HERE]
        return (active or singles)[0]

    def single(self, sis_id: str, body: bytes, id_field: str = "id") -> Single:
        """Return the answer about one student. Raises UnexpectedShape."""
        student = decoded_answer(_ONE_STUDENT, body)["student"]
        if str(student.get(id_field)) != sis_id:
            return Single(Presence.OTHER, SisAnswer(sis_id))
        enrollment = student.get("school_enrollment")
        enrollment = enrollment if isinstance(enrollment, dict) else {}
        code = str(enrollment.get("enroll_status_code", ""))
        answer = SisAnswer(
            sis_id=sis_id,
            status=short_text(enrollment.get("enroll_status_description")),
            exit_date=iso_day(enrollment.get("exit_date")),
        )
        if not code:
            return Single(Presence.UNCLEAR, answer)
        if code != ACTIVE_CODE:
            return Single(Presence.GONE, answer)
        student = decoded_answer(self._single, body)["student"]
        record = SentRecords([student], self._type, finish=self._finish)
        if self._further.depends_on_grade:
            record.flattened()
        return Single(Presence.HERE, answer, record)


def _page_shape(student: Any) -> PageShape:
    """Return how a page is decoded whose students have this type."""
    typed_dict: Any = TypedDict
    list_of: Any = list

    def page_of(content: Any) -> Any:
        students = typed_dict("_Students", {"student": content}, total=False)
        return typed_dict("_Roster", {"students": students | str})

    one_or_many = list_of[student] | student | str | None
    return PageShape(
        page=msgspec.json.Decoder(page_of(one_or_many)),
        raw_page=msgspec.json.Decoder(page_of(msgspec.Raw)),
        path=("students", "student"),
        fields={},
    )


def decoded_answer(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """Return the decoded body. Raises UnexpectedShape."""
    return decoded(decoder, body, lambda: not_powerschool(_NOT_AN_ANSWER))


def _problem(response: Response) -> _Problem:
    try:
        return decoded_answer(_PROBLEM, response.body)
    except UnexpectedShape:
        return {}


def raise_for_401(response: Response, sign_in: int) -> NoReturn:
    """Raise the error that a 401 stands for.

    It is about the token only if it says so or has no body; a missing right comes as 401 too
    (live).
    """
    about_token = "invalid_token" in response.headers.get("www-authenticate", "")
    if about_token or not response.body.strip():
        raise TokenExpired(sign_in)
    if "accessLevelV1Api" in _problem(response).get("errorMessage", {}).get("message", ""):
        raise PermissionMissing(
            _("PowerSchool accepts our sign-in, but the plugin has no right to read students."),
            _(
                "Install the plugin that this page offers, or ask the PowerSchool administrator to "
                "set the plugin's access level for the v1 API to READ under Data Provider "
                'Configuration (in plugin.xml: <oauth accessLevelV1Api="READ"/>).'
            ),
        )
    _raise_forbidden(response)


def _raise_forbidden(response: Response) -> NoReturn:
    denied = []
    for entry in _problem(response).get("errors", []):
        name = f"{entry.get('resource', '')}.{entry.get('field', '')}".strip(".")
        if re.fullmatch(r"[\w.]{1,80}", name, re.ASCII):  # nothing else of a body is repeated
            denied.append(name)
    remedy = _(
        "Ask the PowerSchool administrator to give the plugin this access under Plugin Management "
        "Configuration."
    )
    if not denied:
        what = _("PowerSchool accepts our sign-in, but the plugin has no access.")
        raise PermissionMissing(what, remedy)
    what = _("PowerSchool accepts our sign-in, but the plugin has no access to {names}.")
    raise PermissionMissing(Phrase(what, names=", ".join(denied[:5])), remedy)


def raise_for_status(response: Response, origin: str) -> NoReturn:
    """Raise the error that a status other than 200 and 401 stands for."""
    if response.status in {301, 302, 303, 307, 308}:
        _raise_for_redirect(response.headers.get("location", ""), origin)
    if response.status == 403:
        _raise_forbidden(response)
    if response.status == 404:
        raise UnexpectedShape(
            Phrase(_("There is no PowerSchool at {origin}."), origin=origin),
            _(
                "Check the Client URL: it is the address at which you open PowerSchool in the "
                "browser."
            ),
        )
    what = _("The answer (status {status}) is not what PowerSchool answers.")
    raise not_powerschool(Phrase(what, status=response.status))


def _raise_for_redirect(location: str, origin: str) -> NoReturn:
    host = redirect_host(location, origin)
    if host == MAINTENANCE_HOST or "maintenance" in location.lower():
        raise InMaintenance(_("PowerSchool is in maintenance."), NEXT_RUN)
    if host == urlsplit(origin).hostname:
        raise not_powerschool(
            _("The answer, a redirect to another page, is not what PowerSchool answers.")
        )
    what = _("{origin} sends us on to {host}, and we don't send your credentials there.")
    raise AddressRefused(
        Phrase(what, origin=origin, host=host),
        _("If PowerSchool has moved, enter its new address as Client URL."),
    )


def not_an_answer() -> UnexpectedShape:
    """Return the error for an answer of another shape."""
    return not_powerschool(_NOT_AN_ANSWER)


def not_powerschool(what: str) -> UnexpectedShape:
    """Return the error for an answer that PowerSchool does not give."""
    return UnexpectedShape(
        what,
        _(
            "Check the Client URL, and open it in the browser: PowerSchool may be in maintenance, "
            "or another page stands in front of it."
        ),
    )
