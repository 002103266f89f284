"""What PowerSchool answers when something is wrong, and what an administrator then reads."""

import logging
import threading
import traceback
from dataclasses import replace

import pytest

from rollbook.sources.errors import (
    AddressRefused,
    PermissionMissing,
    SourceError,
    TokenExpired,
    TryLater,
    UnexpectedShape,
)
from rollbook.sources.powerschool import pages
from tests.sources.loopback import (
    FIELDS,
    HTML,
    QUICK,
    TOKEN_EXPIRED,
    Reply,
    SmallSchool,
    Tokens,
    Trick,
    as_json,
    cut_body,
    reset,
    student,
)

NO_V1_ACCESS = as_json(
    {"errorMessage": {"message": "Plugin is missing required accessLevelV1Api READ permission"}},
    401,
)


def test_pages_that_fail_once_are_asked_for_again_and_none_is_skipped() -> None:
    with SmallSchool(students=450) as school:
        school.next_replies["page 1"] += [reset]
        school.next_replies["page 2"] += [Reply(503), cut_body]
        school.next_replies["page 4"] += [
            Reply(429, headers={"Retry-After": "1"}),
            Reply(500),
            HTML,
        ]
        school.next_replies["page 5"] += [
            Reply(200, b'{"students":{"student":[{"id":4'),
            Reply(502),
        ]
        records = school.records()
    assert [record["id"] for record in records] == list(range(1, 451))
    assert sorted(school.pages_asked) == [1, 1, 2, 2, 2, 3, 4, 4, 4, 4, 5, 5, 5]


def test_a_page_that_always_fails_ends_the_run_after_five_tries() -> None:
    with SmallSchool(students=250) as school:
        school.always["page 2"] = Reply(503)
        with pytest.raises(TryLater, match="status 503"):
            school.read()
    assert school.pages_asked.count(2) == 5


def test_a_missing_access_level_is_told_apart_from_an_expired_token() -> None:
    with SmallSchool() as school:
        school.always["count"] = NO_V1_ACCESS
        with pytest.raises(PermissionMissing, match="no right to read students") as refused:
            school.read()
    assert 'accessLevelV1Api="READ"' in refused.value.remedy
    assert [asked.path for asked in school.server.asked].count("/ws/v1/district/student/count") == 1
    assert school.sign_ins == 1


def test_a_field_that_is_not_granted_is_named() -> None:
    body = {
        "message": "At least one column lacks sufficient permission",
        "errors": [{"code": "NoAccess", "field": "DOB", "resource": "Students"}],
    }
    with SmallSchool() as school:
        school.always["page 1"] = as_json(body, 403)
        with pytest.raises(PermissionMissing, match=r"has no access to Students\.DOB"):
            school.read()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"errors":[{"field":"<b>Ada Lovelace</b>"}]}',
        b'{"errors":"Ada"}',
        b'{"message":"Ada"}',
    ],
)
def test_nothing_else_of_a_refusal_is_repeated(body: bytes) -> None:
    with SmallSchool() as school:
        school.always["page 1"] = Reply(403, body)
        with pytest.raises(PermissionMissing, match="has no access") as refused:
            school.read()
    assert "Ada" not in str(refused.value)


def test_another_401_is_a_missing_right_and_not_retried() -> None:
    with SmallSchool() as school:
        school.always["count"] = as_json({"errorMessage": {"message": "something new"}}, 401)
        with pytest.raises(PermissionMissing):
            school.read()
    assert school.sign_ins == 1


@pytest.mark.parametrize(
    "location",
    [
        "https://message.powerschool.com/?server=ps.example.org",
        "/maintenance",
        "http://127.0.0.1/Maintenance.html",
    ],
)
@pytest.mark.parametrize("where", ["access_token", "count", "page 1"])
def test_maintenance_is_reported(location: str, where: str) -> None:
    with SmallSchool() as school:
        school.always[where] = Reply(302, headers={"Location": location})
        with pytest.raises(TryLater, match="PowerSchool is in maintenance"):
            school.read()


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("https://ps.other.example/ws/v1", r"sends us on to ps\.other\.example"),
        ("//ps.other.example/", r"sends us on to ps\.other\.example"),
        ("http://[", "sends us on to another address"),
        ("https://<script>/", "sends us on to another address"),
    ],
)
def test_a_redirect_to_another_host_is_refused(location: str, message: str) -> None:
    with SmallSchool() as school:
        school.always["count"] = Reply(302, headers={"Location": location})
        with pytest.raises(AddressRefused, match=message):
            school.read()


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        Reply(302, headers={"Location": "/admin/pw.html"}),
        Reply(204),
        Reply(400),
        Reply(418),
        as_json([1]),
    ],
)
def test_anything_else_is_not_what_powerschool_answers(answer: Reply) -> None:
    for where in ("count", "page 1"):
        with SmallSchool() as school:
            school.always[where] = answer
            with pytest.raises(UnexpectedShape, match="not what PowerSchool answers"):
                school.read()


@pytest.mark.parametrize("where", ["access_token", "count", "page 1"])
def test_a_server_without_powerschool_is_reported(where: str) -> None:
    with SmallSchool() as school:
        school.always[where] = Reply(404, b"<html>not found</html>")
        with pytest.raises(
            UnexpectedShape, match=r"There is no PowerSchool at http://127\.0\.0\.1"
        ) as refused:
            school.read()
    assert "Client URL" in refused.value.remedy


@pytest.mark.parametrize("count", ["many", -1, "", "12.5"])
def test_a_count_that_is_no_number_is_refused(count: object) -> None:
    with SmallSchool() as school:
        school.always["count"] = as_json({"resource": {"count": count}})
        with pytest.raises(UnexpectedShape):
            school.read()


def secretive(school: SmallSchool, connection_tokens: Tokens) -> list[str]:
    """Return the texts that nobody may read."""
    given = connection_tokens.token.value if connection_tokens.token else school.token
    names = [student(number)["name"]["last_name"] for number in (1, 2, 3)]
    return [
        school.client_id,
        school.client_secret,
        "YW4taWQ6",
        given,
        *names,
        "student1@example.org",
        "2010-01-02",
        "enroll_status_code",
    ]


TROUBLES: list[tuple[str, Reply | Trick | None]] = [
    ("page 1", None),
    ("page 2", Reply(503, b"Secretname1")),
    ("page 2", reset),
    ("page 2", cut_body),
    ("page 2", Reply(200, b'{"students":{"student":[{"name":{"last_name":"Secretname1"')),
    ("page 2", Reply(200, b'{"students":{"student":[{"id":{"last_name":"Secretname1"}}]}}')),
    (
        "page 2",
        Reply(403, b'{"errors":[{"field":"Secretname1 ","resource":"student1@example.org"}]}'),
    ),
    (
        "page 2",
        Reply(
            302, headers={"Location": "https://other.example/?q=enroll_status_code&x=Secretname1"}
        ),
    ),
    ("count", TOKEN_EXPIRED),
    ("count", NO_V1_ACCESS),
    ("access_token", as_json({"error": "very-secret-words an-id"}, 401)),
    ("access_token", as_json({"access_token": "very-secret-words\n"})),
]


@pytest.mark.parametrize(("where", "trouble"), TROUBLES)
def test_no_secret_and_no_student_is_in_any_log_or_error(
    where: str, trouble: Reply | Trick | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens, texts = Tokens(), ""
    with SmallSchool(students=250) as school:
        if trouble:
            school.always[where] = trouble
        connection = school.connection(tokens=tokens)
        texts += repr(connection)
        try:
            list(pages(connection, FIELDS, pause=lambda seconds: None))
        except SourceError as error:
            texts += f"{error} {error!r} {error.remedy}" + "".join(
                traceback.format_exception(error)
            )
            assert error.__cause__ is None
            assert error.remedy
            assert "No student account was changed." in str(error)
            assert not isinstance(error, TokenExpired)
    texts += caplog.text + repr([record.__dict__ for record in caplog.records])
    assert trouble is None or "SourceError" in texts or "rollbook.sources.errors" in texts
    for secret in secretive(school, tokens):
        assert secret not in texts.replace("ACTIVE", "")


def test_a_reader_that_stops_early_leaves_nothing_running() -> None:
    with SmallSchool(students=900) as school:
        school.always["page 3"] = Reply(503, headers={"Retry-After": "250"})
        reading = pages(school.connection(replace(QUICK, request_seconds=60)), FIELDS)
        assert next(reading).number == 1
        reading.close()
        assert not [
            thread for thread in threading.enumerate() if thread.name.startswith("powerschool")
        ]
