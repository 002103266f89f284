"""About as fast as this job can go in Python: libcurl, typed decoding, binary COPY, one SQL step.

It has none of what a product needs: no plan, no reasons, no checks, no undo.

    limit.py
    limit.py --reset            makes its tables
    limit.py --only-fetch       fetches every page and nothing else: the lower bound of any client
"""

import base64
import datetime as dt
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
import pycurl

BASE: Final = os.environ["SIS_BASE_URL"].rstrip("/")
DATABASE: Final = os.environ["DATABASE_URL"]
QUERY: Final = "pagesize=100&expansions=demographics,contact_info,school_enrollment,schedule_setup"
CONNECTIONS: Final = 4
COLUMNS: Final = {  # the type of each column, in the tables and in the COPY
    "local_id": "int8",
    "username": "text",
    "first_name": "text",
    "middle_name": "text",
    "last_name": "text",
    "gender": "text",
    "birth_date": "date",
    "grad_year": "int4",
    "email": "text",
    "enroll_status": "text",
    "grade_level": "int4",
    "school_id": "int4",
    "entry_date": "date",
    "exit_date": "date",
}


class Name(msgspec.Struct, gc=False, frozen=True):
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None


class Demographics(msgspec.Struct, gc=False, frozen=True):
    gender: str | None = None
    birth_date: dt.date | None = None
    projected_graduation_year: int | None = None


class Contact(msgspec.Struct, gc=False, frozen=True):
    email: str | None = None


class Enrollment(msgspec.Struct, gc=False, frozen=True):
    enroll_status: str | None = None
    grade_level: int | None = None
    school_id: int | None = None
    entry_date: dt.date | None = None
    exit_date: dt.date | None = None


class Student(msgspec.Struct, gc=False):
    id: int
    name: Name
    local_id: int | None = None
    student_username: str | None = None
    demographics: Demographics = Demographics()
    contact_info: Contact = Contact()
    school_enrollment: Enrollment = Enrollment()


class Students(msgspec.Struct):
    student: list[Student]


class Page(msgspec.Struct):
    students: Students


decode = msgspec.json.Decoder(Page).decode


def rows(body: bytes) -> Iterator[tuple[Any, ...]]:
    """Yield the students of a page as rows of the COPY."""
    for student in decode(body).students.student:
        name, person, enrolled = student.name, student.demographics, student.school_enrollment
        yield (
            student.id,
            student.local_id,
            student.student_username,
            name.first_name,
            name.middle_name,
            name.last_name,
            person.gender,
            person.birth_date,
            person.projected_graduation_year,
            student.contact_info.email,
            enrolled.enroll_status,
            enrolled.grade_level,
            enrolled.school_id,
            enrolled.entry_date,
            enrolled.exit_date,
        )


class Request(NamedTuple):
    """An address, and the name that its answer goes by."""

    key: Any
    address: str


class Fetcher:
    """Fetches addresses over a few connections that stay open."""

    def __init__(self, token: str) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAX_TOTAL_CONNECTIONS, CONNECTIONS)
        self._idle = []
        self._under_way: dict[Any, tuple[Request, BytesIO]] = {}
        self._wait_until = 0.0  # where the server allows no more requests
        for _ in range(CONNECTIONS):
            curl = pycurl.Curl()
            curl.setopt(pycurl.HTTPHEADER, [f"Authorization: Bearer {token}"])
            curl.setopt(pycurl.BUFFERSIZE, 512 * 1024)
            curl.setopt(pycurl.NOSIGNAL, 1)
            self._idle.append(curl)

    def fetch(self, requests: Iterable[Request]) -> Iterator[tuple[Any, bytes]]:
        """Yield (key, body) as the answers come."""
        waiting = list(requests)[::-1]
        while waiting or self._under_way:
            self._begin(waiting)
            while self._multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
                pass
            bodies = self._finished(waiting)
            if bodies:
                self._begin(waiting)
                self._multi.perform()  # the next requests leave before these are decoded
                yield from bodies
            elif self._under_way:
                self._multi.select(1.0)
            else:
                time.sleep(max(0.0, self._wait_until - time.time()))

    def _begin(self, waiting: list[Request]) -> None:
        while waiting and self._idle and time.time() >= self._wait_until:
            curl, request = self._idle.pop(), waiting.pop()
            body = BytesIO()
            curl.setopt(pycurl.URL, request.address)
            curl.setopt(pycurl.WRITEDATA, body)
            self._under_way[curl] = (request, body)
            self._multi.add_handle(curl)

    def _finished(self, waiting: list[Request]) -> list[tuple[Any, bytes]]:
        bodies = []
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            if failed:
                raise RuntimeError(failed[0][2])
            for curl in done:
                self._multi.remove_handle(curl)
                self._idle.append(curl)
                request, body = self._under_way.pop(curl)
                status = curl.getinfo(pycurl.RESPONSE_CODE)
                if status == 200:
                    bodies.append((request.key, body.getvalue()))
                elif status == 429:
                    seconds = curl.getinfo(pycurl.RETRY_AFTER) or 1
                    self._wait_until = max(self._wait_until, time.time() + seconds)
                    waiting.append(request)
                else:
                    raise RuntimeError(f"HTTP {status} from {request.address}")
        return bodies


def sign_in() -> str:
    """Return the access token."""
    headers = {"Authorization": f"Basic {base64.b64encode(b'id:secret').decode()}"}
    request = urllib.request.Request(
        f"{BASE}/oauth/access_token", data=b"grant_type=client_credentials", headers=headers
    )
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return str(json.load(answer)["access_token"])
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(int(error.headers.get("Retry-After", 5)))


def page_requests(fetcher: Fetcher) -> list[Request]:
    """Return a request for each page: the list of schools, then each school's count."""
    schools: list[int] = []
    page = 1
    while True:
        address = f"{BASE}/ws/v1/district/school?page={page}&pagesize=100"
        ((_key, body),) = fetcher.fetch([Request(None, address)])
        listed = json.loads(body)["schools"]["school"]
        schools += [school["id"] for school in listed]
        if len(listed) < 100:
            break
        page += 1
    counts = fetcher.fetch(
        Request(school, f"{BASE}/ws/v1/school/{school}/student/count") for school in schools
    )
    return [
        Request(None, f"{BASE}/ws/v1/school/{school}/student?page={page}&{QUERY}")
        for school, body in counts
        for page in range(1, -(-json.loads(body)["resource"]["count"] // 100) + 1)
    ]


NAMES: Final = ", ".join(COLUMNS)
TYPED: Final = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
CHANGED: Final = ", ".join(f"('{name}', a.{name}::text, d.{name}::text)" for name in COLUMNS)
TABLES: Final = f"""
    DROP TABLE IF EXISTS limit_log, limit_account;
    CREATE TABLE limit_account (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sis_id bigint NOT NULL UNIQUE, {TYPED},
        updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE TABLE limit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account bigint NOT NULL,
        field text NOT NULL, old text, new text, at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX ON limit_log (account);
"""
STAGING: Final = f"CREATE TEMP TABLE staged (sis_id bigint, {TYPED}) ON COMMIT DROP"
STEPS: Final = (
    f"""
    CREATE TEMP TABLE differing ON COMMIT DROP AS
    SELECT s.*, a.id AS account FROM staged s LEFT JOIN limit_account a USING (sis_id)
    WHERE a.id IS NULL OR ({", ".join(f"a.{name}" for name in COLUMNS)})
        IS DISTINCT FROM ({", ".join(f"s.{name}" for name in COLUMNS)})
    """,
    f"""
    INSERT INTO limit_log (account, field, old, new)
    SELECT a.id, v.field, v.old, v.new FROM differing d JOIN limit_account a ON a.id = d.account
    CROSS JOIN LATERAL (VALUES {CHANGED}) v(field, old, new) WHERE v.old IS DISTINCT FROM v.new
    """,
    f"""
    UPDATE limit_account a SET {", ".join(f"{name} = d.{name}" for name in COLUMNS)},
        updated_at = now()
    FROM differing d WHERE a.id = d.account
    """,
    f"""
    WITH made AS (
        INSERT INTO limit_account (sis_id, {NAMES})
        SELECT sis_id, {NAMES} FROM differing WHERE account IS NULL RETURNING id
    )
    INSERT INTO limit_log (account, field, new) SELECT id, '*', 'created' FROM made
    """,
)


def sync(fetcher: Fetcher, requests: list[Request]) -> None:
    """Copy all students, then write what differs, in one transaction."""
    with psycopg.connect(DATABASE) as connection:
        connection.execute("SET LOCAL work_mem = '64MB'; SET LOCAL temp_buffers = '64MB'")
        connection.execute(STAGING.encode())
        with connection.cursor().copy("COPY staged FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int8", *COLUMNS.values()])
            for _key, body in fetcher.fetch(requests):
                for row in rows(body):
                    copy.write_row(row)
        connection.execute("ANALYZE staged (sis_id)")
        for step in STEPS:
            connection.execute(step.encode())


def main() -> None:
    if "--reset" in sys.argv:
        with psycopg.connect(DATABASE, autocommit=True) as connection:
            connection.execute(TABLES.encode())
        return
    begun = time.perf_counter()
    fetcher = Fetcher(sign_in())
    requests = page_requests(fetcher)
    if "--only-fetch" in sys.argv:
        for _key, _body in fetcher.fetch(requests):
            pass
    else:
        sync(fetcher, requests)
    print(json.dumps({"inside_s": round(time.perf_counter() - begun, 3)}))


main()
