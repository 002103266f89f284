"""Answers the questions of the set-up about a PowerSchool: test, schools, grades and a sample."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import msgspec

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.sources.base import Connection, MappingRow
from rollbook.sources.checks import Checks, NoCache, quick, students_found
from rollbook.sources.discovery import (
    SAMPLE_STUDENTS,
    CheckStep,
    Home,
    Sample,
    SchoolInSis,
    Slip,
    Step,
    StepState,
    holds_email,
    holds_year,
)
from rollbook.sources.errors import AuthRejected, SourceError
from rollbook.sources.http import Http
from rollbook.sources.powerschool_answers import HOLDERS, not_an_answer
from rollbook.sources.powerschool_api import ACTIVE, NAME, Conversation
from rollbook.sources.powerschool_fields import FurtherFields, extension_values
from rollbook.sources.powerschool_query import ONLY_BY_QUERY, queried_rows, query_answers
from rollbook.sources.reckoned_year import LAST_GRADES
from rollbook.sources.shapes import is_number

STEPS: Final = (
    *(Step.ADDRESS, Step.SIGN_IN, Step.LIST),
    *(Step.SCHOOLS, Step.PLUGIN_QUERY, Step.STUDENTS),
)
GRADUATES: Final = "999999"  # the school of those who have left (doc)
QUERIED: Final = 500  # rows of the query that are looked through for the students of a chunk
CHUNK: Final = 25  # students of a sample who are asked for together
EXPANSIONS: Final = "demographics,contact_info,school_enrollment,schedule_setup"
# Words in the name of an extension field that isn't the student's own address.
_OF_OTHERS: Final = ("guardian", "parent", "mother", "father", "contact", "emergency", "counsel")

_ANYTHING: Final = msgspec.json.Decoder()


class _Check:
    """The connection test. It signs in anew: a token of earlier says nothing of what was typed."""

    def __init__(self, connection: Connection, http: Http) -> None:
        self._connection, self._http = connection, http
        self._rejected: SourceError | None = None
        self._conversation: Conversation | None = None

    def address(self) -> CheckStep:
        try:
            self._conversation = Conversation(self._connection, self._http, NoCache())
        except AuthRejected as error:
            self._rejected = error
        return CheckStep(Step.ADDRESS, StepState.PASSED)

    def sign_in(self) -> CheckStep:
        if self._rejected is not None:
            raise self._rejected
        self._connection.tokens.put(self.conversation.bearer.token)
        return CheckStep(Step.SIGN_IN, StepState.PASSED)

    def may_read(self) -> CheckStep:
        self.conversation.ask(f"/ws/v1/district/student?pagesize=1&q={ACTIVE}", _ANYTHING)
        return CheckStep(Step.LIST, StepState.PASSED)

    def schools(self) -> CheckStep:
        number = len(_schools(self.conversation))
        detail = Phrase(_("{number} schools."), number=number)
        return CheckStep(Step.SCHOOLS, StepState.PASSED, detail, needed=False)

    def plugin_query(self) -> CheckStep:
        """Skip the step where the query isn't installed: `/ws/v1` is read then."""
        if query_answers(self.conversation):
            return CheckStep(Step.PLUGIN_QUERY, StepState.PASSED, needed=False)
        detail = _("The query of our plugin does not answer; students are read without it.")
        return CheckStep(Step.PLUGIN_QUERY, StepState.SKIPPED, detail, needed=False)

    def students(self) -> CheckStep:
        return students_found(NAME, self.conversation.count("/ws/v1/district"))

    @property
    def conversation(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    def slip(self, step: Step, error: SourceError) -> Slip:
        """Return the slip that only PowerSchool itself can tell: a second sign-in shows a swap."""
        if step is Step.SIGN_IN and self._works_swapped():
            return Slip.SWAPPED
        if step is Step.LIST and error.code == "permission_missing":
            return Slip.V1_ACCESS_MISSING
        return Slip.NONE

    def _works_swapped(self) -> bool:
        typed = self._connection.credentials
        swapped = {
            **typed,
            "client_id": typed["client_secret"],
            "client_secret": typed["client_id"],
        }
        try:
            Conversation(replace(self._connection, credentials=swapped), self._http, NoCache())
        except SourceError:
            return False
        return True


def check_connection(connection: Connection) -> Iterator[CheckStep]:
    """Yield the steps of a connection test; see `base.Source`."""
    connection = replace(connection, bounds=quick(connection.bounds))
    with Http(connection.bounds, NAME) as http:
        connection.interruption.add(http.close)
        check = _Check(connection, http)
        checks = Checks(check.slip)
        yield from checks.run(
            (Step.ADDRESS, check.address),
            (Step.SIGN_IN, check.sign_in),
            (Step.LIST, check.may_read),
            (Step.SCHOOLS, check.schools),
            (Step.PLUGIN_QUERY, check.plugin_query),
            (Step.STUDENTS, check.students),
        )


def list_schools(connection: Connection) -> list[SchoolInSis]:
    """Return the schools of the district with their active students."""
    with (
        _conversation(connection) as conversation,
        ThreadPoolExecutor(connection.bounds.parallel, "powerschool") as threads,
    ):
        schools = _schools(conversation)

        def count(dcid: str) -> int | None:
            try:
                return conversation.count(f"/ws/v1/school/{dcid}")
            except SourceError:
                return None

        counts = threads.map(count, [dcid for dcid, _number, _name in schools])
        return [
            SchoolInSis(number, name, students)
            for (_dcid, number, name), students in zip(schools, counts, strict=True)
        ]


def sample_students(
    connection: Connection, schools: frozenset[str], mapping: Iterable[MappingRow]
) -> Sample:
    """Return active students from all parts of the list, with the fields of all extensions."""
    with _conversation(connection) as conversation:
        paths = ["/ws/v1/district"]
        if schools:
            every = _schools(conversation)
            paths = [f"/ws/v1/school/{dcid}" for dcid, number, _name in every if number in schools]
        extensions = _extensions(conversation)
        records = []
        for path in paths[: SAMPLE_STUDENTS // CHUNK]:
            chunks = max(1, SAMPLE_STUDENTS // CHUNK // len(paths))
            records += _spread(conversation, path, chunks, extensions)
    return Sample(records, _homes(records, mapping))


@contextmanager
def _conversation(connection: Connection) -> Iterator[Conversation]:
    bounds = quick(connection.bounds)
    with Http(bounds, NAME) as http:
        connection.interruption.add(http.close)
        yield Conversation(replace(connection, bounds=bounds), http, connection.tokens)


def _schools(conversation: Conversation) -> list[tuple[str, str, str]]:
    """Return DCID, number and name of each school, without the school of graduates."""
    schools: dict[str, tuple[str, str, str]] = {}
    for page in range(1, 101):
        answer = _decoded(conversation, f"/ws/v1/district/school?page={page}&pagesize=100")
        entries = _items(answer, "schools", "school")
        before = len(schools)
        for entry in entries:
            dcid, number = str(entry.get("id", "")), str(entry.get("school_number", ""))
            if dcid.isdecimal() and number not in {"", GRADUATES}:
                schools[dcid] = (dcid, number, str(entry.get("name", ""))[:100])
        if len(schools) == before or len(entries) < 100:
            break
    return list(schools.values())


def _extensions(conversation: Conversation) -> str:
    """Return the names of the extensions that can be asked for, with commas between (live)."""
    answer = _decoded(conversation, f"/ws/v1/district/student?pagesize=1&q={ACTIVE}")
    students = answer.get("students")
    names = str(students.get("@extensions", "")) if isinstance(students, dict) else ""
    return ",".join(name for name in names.split(",") if name.isascii() and name.isidentifier())


def _spread(
    conversation: Conversation, path: str, chunks: int, extensions: str
) -> list[dict[str, Any]]:
    """Return so many chunks of students, from the first page to the last one."""
    pages = max(1, -(-conversation.count(path) // CHUNK))
    numbers = sorted({1 + at * (pages - 1) // max(1, chunks - 1) for at in range(chunks)})
    records = []
    for number in numbers:
        target = (
            f"{path}/student?page={number}&pagesize={CHUNK}&q={ACTIVE}"
            f"&expansions={EXPANSIONS}&extensions={extensions}"
        )
        answer = _decoded(conversation, target)
        chunk = [_flat(student) for student in _items(answer, "students", "student")]
        _add_queried(conversation, chunk)
        records += chunk
    return records


def _add_queried(conversation: Conversation, records: list[dict[str, Any]]) -> None:
    """Put what only the query of our plugin has into the records, where it answers.

    The students of a chunk mostly follow each other by ID.
    """
    by_id = {str(record.get("id")): record for record in records}
    ids = [int(sis_id) for sis_id in by_id if is_number(sis_id)]
    if not ids:
        return
    for row in queried_rows(conversation, min(ids) - 1, QUERIED):
        record = by_id.get(str(row.get("id")))
        if record is not None:
            record.update({name: row[name] for name in ONLY_BY_QUERY if name in row})


def _decoded(conversation: Conversation, target: str) -> dict[str, Any]:
    answer = conversation.ask(target, _ANYTHING)
    if not isinstance(answer, dict):
        raise not_an_answer()
    return answer


def _items(answer: dict[str, Any], wrapper: str, item: str) -> list[dict[str, Any]]:
    """Return the items of a list; PowerSchool sends a list of one as its element (live)."""
    content = answer.get(wrapper)
    items = content.get(item) if isinstance(content, dict) else None
    return [
        each for each in (items if isinstance(items, list) else [items]) if isinstance(each, dict)
    ]


def _flat(student: dict[str, Any]) -> dict[str, Any]:
    """Return a student with the keys of a record, and `table.field` for those of extensions."""
    record: dict[str, Any] = {}
    for name, holder in HOLDERS.items():
        group = student.get(holder) if holder else student
        if isinstance(group, dict) and not isinstance(group.get(name), dict | list | None):
            record[name] = group[name]
    for table, column, value in extension_values(student.get("_extension_data")):
        record[f"{table}.{column}"] = value
    FurtherFields({*record, *LAST_GRADES}).finish(record)
    return record


def _homes(
    records: list[dict[str, Any]], mapping: Iterable[MappingRow]
) -> dict[str, tuple[Home, ...]]:
    """Return the homes of each mapping row that has several, with extension fields that fit."""
    homes = {}
    for row in mapping:
        if row.homes:
            usual = Home(row.source_field, row.label, row.where)
            further = _extension_homes(records, row.field) if row.takes_any else ()
            homes[row.field] = (usual, *row.homes, *further)
    return homes


def _extension_homes(records: list[dict[str, Any]], our_field: str) -> Iterator[Home]:
    fits = holds_email if our_field == "email" else holds_year
    names = dict.fromkeys(name for record in records for name in record if "." in name)
    for name in names:
        of_others = any(word in name for word in _OF_OTHERS)
        if not of_others and any(fits(record.get(name)) for record in records):
            yield Home(name, name, name)
