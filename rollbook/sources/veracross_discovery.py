"""Answers the questions of the set-up about a Veracross: the connection test and a sample."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.sources import reckoned_year
from rollbook.sources.base import Connection, MappingRow, Page
from rollbook.sources.checks import Checks, NoCache, grades_of, quick, students_found
from rollbook.sources.discovery import (
    SAMPLE_STUDENTS,
    CheckStep,
    Home,
    Sample,
    SchoolInSis,
    Slip,
    Step,
    StepState,
)
from rollbook.sources.errors import AuthRejected, PermissionMissing, SourceError
from rollbook.sources.http import Http
from rollbook.sources.veracross_api import NAME, DataApi, DataApiSingles, LegacyApi
from rollbook.sources.veracross_fields import SCHOOL

V3_STEPS: Final = (Step.ADDRESS, Step.SIGN_IN, Step.LIST, Step.SINGLE, Step.STUDENTS)
V2_STEPS: Final = (Step.ADDRESS, Step.SIGN_IN, Step.LIST, Step.STUDENTS)
SCHOOL_FIELDS: Final = ("person_pk", "current_grade", SCHOOL)
_NO_FIELDS: Final = frozenset[str]()


class _Check:
    """The connection test of one version; `ask` signs in and asks for one student.

    One request shows at once whether the address, the sign-in and the right are good, so an error
    is remembered for the step that it belongs to.
    """

    def __init__(self, connection: Connection, http: Http, threads: ThreadPoolExecutor) -> None:
        self._connection, self._http, self._threads = connection, http, threads
        self._rejected: SourceError | None = None
        self._data: DataApi | None = None
        self._legacy: LegacyApi | None = None

    def v2(self) -> tuple[tuple[Step, Callable[[], CheckStep]], ...]:
        return (
            (Step.ADDRESS, self._ask_v2),
            (Step.SIGN_IN, self._sign_in),
            (Step.LIST, self._may_read),
            (Step.STUDENTS, self._count_v2),
        )

    def v3(self) -> tuple[tuple[Step, Callable[[], CheckStep]], ...]:
        return (
            (Step.ADDRESS, self._ask_v3),
            (Step.SIGN_IN, self._sign_in),
            (Step.LIST, self._may_read),
            (Step.SINGLE, self._single_v3),
            (Step.STUDENTS, self._count_v3),
        )

    def _ask_v2(self) -> CheckStep:
        self._legacy = LegacyApi(self._connection, _NO_FIELDS, self._http, self._threads)
        return self._answered(self._legacy.count)

    def _ask_v3(self) -> CheckStep:
        def ask() -> None:
            connection = replace(self._connection, tokens=NoCache())
            self._data = DataApi(connection, _NO_FIELDS, self._http)
            self._connection.tokens.put(self._data.token)
            self._data.page(1, 1)

        return self._answered(ask)

    def _answered(self, ask: Callable[[], object]) -> CheckStep:
        try:
            ask()
        except (AuthRejected, PermissionMissing) as error:
            self._rejected = error
        return CheckStep(Step.ADDRESS, StepState.PASSED)

    def _sign_in(self) -> CheckStep:
        # A token that is refused is an error of the list: there was a sign-in before.
        if isinstance(self._rejected, AuthRejected) and self._data is None:
            raise self._rejected
        return CheckStep(Step.SIGN_IN, StepState.PASSED)

    def _may_read(self) -> CheckStep:
        if self._rejected is not None:
            raise self._rejected
        return CheckStep(Step.LIST, StepState.PASSED)

    def _single_v3(self) -> CheckStep:
        assert self._data is not None
        DataApiSingles(self._data, self._threads).begin_singles()
        return CheckStep(Step.SINGLE, StepState.PASSED, needed=False)

    def _count_v2(self) -> CheckStep:
        assert self._legacy is not None
        return students_found(NAME, self._legacy.count())

    def _count_v3(self) -> CheckStep:
        """Count page by page: v3 states no total."""
        assert self._data is not None
        ids: set[object] = set()
        for number in range(1, self._connection.bounds.pages + 1):
            records = self._data.page(number, self._data.page_size)
            ids.update(record.get("person_pk") for record in records)
            if len(records) < self._data.page_size:
                break
        return students_found(NAME, len(ids))

    def slip(self, step: Step, error: SourceError) -> Slip:
        if isinstance(error, PermissionMissing):
            return Slip.SCOPE_MISSING
        if step is Step.SIGN_IN and self._works_swapped():
            return Slip.SWAPPED
        return Slip.NONE

    def _works_swapped(self) -> bool:
        typed = self._connection.credentials
        swapped = {**typed, "user_name": typed["password"], "password": typed["user_name"]}
        connection = replace(self._connection, credentials=swapped, tokens=NoCache())
        try:
            if self._legacy is not None:
                LegacyApi(connection, _NO_FIELDS, self._http, self._threads).count()
            else:
                DataApi(connection, _NO_FIELDS, self._http)
        except PermissionMissing:
            return True
        except SourceError:
            return False
        return True


def check_connection(connection: Connection, is_v2: bool) -> Iterator[CheckStep]:
    """Yield the steps of a connection test; see `base.Source`."""
    connection = replace(connection, bounds=quick(connection.bounds))
    with _network(connection) as (http, threads):
        check = _Check(connection, http, threads)
        yield from Checks(check.slip).run(*(check.v2() if is_v2 else check.v3()))


def schools_of(pages: Iterable[Page]) -> list[SchoolInSis]:
    """Return the schools that the students of a roster are in, by name."""
    counts: dict[str, int] = {}
    for grade in grades_of(pages, SCHOOL_FIELDS, frozenset()):
        for school, students in grade.by_school.items():
            counts[school] = counts.get(school, 0) + students
    return [SchoolInSis(key, key, counts[key]) for key in sorted(counts) if key]


def sample_students(
    connection: Connection, schools: frozenset[str], mapping: Iterable[MappingRow], is_v2: bool
) -> Sample:
    """Return current students of these schools, spread over the first pages."""
    rows = tuple(mapping)
    fields = frozenset(
        {"username", SCHOOL, *reckoned_year.LAST_GRADES, *(row.source_field for row in rows)}
    )
    connection = replace(connection, bounds=quick(connection.bounds))
    with _network(connection) as (http, threads):
        if is_v2:
            legacy = LegacyApi(connection, fields, http, threads)
            records = legacy.submit(1).result()
        else:
            data = DataApi(connection, fields, http)
            records = data.page(1, data.page_size)
        chosen = [dict(record) for record in records if _is_in(record.get(SCHOOL), schools)]
    step = max(1, len(chosen) // SAMPLE_STUDENTS)
    homes = {
        row.field: (Home(row.source_field, row.label, row.where), *row.homes)
        for row in rows
        if row.homes
    }
    return Sample(chosen[::step][:SAMPLE_STUDENTS], homes)


def _is_in(school: object, schools: frozenset[str]) -> bool:
    return not schools or school in schools


@contextmanager
def _network(connection: Connection) -> Iterator[tuple[Http, ThreadPoolExecutor]]:
    bounds = connection.bounds
    with (
        ThreadPoolExecutor(bounds.parallel, "veracross") as threads,
        Http(bounds, NAME) as http,
    ):
        connection.interruption.add(http.close)
        yield http, threads


_EMAIL_V3: Final = (
    Home("username@", _("User name with a domain"), _("the student's record in Axiom > Username")),
    Home(
        "username",
        _("User name, where it is an e-mail address"),
        _("the student's record in Axiom > Username"),
    ),
)
_EMAIL_V2: Final = (
    Home("email_2", _("Email 2"), _("the student's record in Axiom > Email 2")),
    *_EMAIL_V3,
)
V3_HOMES: Final = {"email": _EMAIL_V3, "graduation_year": reckoned_year.HOMES}
V2_HOMES: Final = {"email": _EMAIL_V2, "graduation_year": reckoned_year.HOMES}
