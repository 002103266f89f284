"""The contract of every source, second part: what it does and says when the SIS fails."""

import base64
import logging
import threading
import traceback
from typing import Any

import pytest

from rollbook.sources.errors import (
    AddressRefused,
    AuthRejected,
    PermissionMissing,
    SourceError,
    TokenExpired,
    TryLater,
    UnexpectedShape,
)
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from tests.sources.contract_cases import (
    Case,
    roster,
    truth,
    with_tokens,
)
from tests.sources.loopback import ends_by_itself

# Trouble that passes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", page=2, times=1, status=500),
        Fault("status", page=1, times=4, status=503),
        Fault("status", path="*/oauth/*", times=1, status=502),
        Fault("reset", page=2, times=1),
        Fault("cut", page=3, times=2),
        Fault("truncated", page=3, times=1),
        Fault("bad_gzip", page=2, times=1),
        Fault("html", page=2, times=1),
        Fault("latency", seconds=0.005),
    ],
    ids=lambda fault: fault.kind,
)
def test_what_fails_once_is_asked_for_again_and_nothing_is_lost(
    case: Case, standin: StandIn, fault: Fault
) -> None:
    standin.faults = [fault]
    assert case.ids(case.read(standin).records()) == truth(standin)


def test_a_429_is_waited_out_as_long_as_it_asks(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("rate_limit", page=2, times=2, retry_after="7", seconds=7)]
    reading = case.read(standin)
    assert case.ids(reading.records()) == truth(standin)
    assert reading.waits.count(7.0) >= 2


def test_a_429_that_asks_for_too_long_ends_the_run(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("rate_limit", page=2, retry_after="3600", seconds=3600)]
    with pytest.raises(TryLater, match="asks us to wait 60 minutes"):
        case.read(standin).records()


@with_tokens
@pytest.mark.parametrize("gone", ["revoked", "kept"])
def test_a_token_that_ends_is_replaced_once_and_the_page_asked_again(
    case: Case, standin: StandIn, gone: str
) -> None:
    reading = case.read(standin)
    if gone == "kept":  # from the run before
        reading.records()
        standin.revoke_tokens()
        pages, records = iter(reading), []
    else:
        pages = iter(reading)
        records = list(next(pages).records)
        standin.revoke_tokens()
    before = case.sign_ins(standin)
    records += [record for page in pages for record in page.records]
    assert case.ids(records) == truth(standin)
    assert case.sign_ins(standin) == before + 1


def test_a_kept_token_is_used_again(case: Case, standin: StandIn) -> None:
    reading = case.read(standin)
    reading.records()
    before = case.sign_ins(standin)
    reading.records()
    assert case.sign_ins(standin) == before


# Trouble that stays -------------------------------------------------------------------------------


def test_a_wrong_secret_is_reported_and_not_tried_again(case: Case, standin: StandIn) -> None:
    with pytest.raises(AuthRejected, match="does not accept") as refused:
        case.read(standin, secret="wrong-secret").records()
    assert refused.value.remedy
    assert len(standin.requests) == 1


def test_a_missing_permission_is_told_apart_from_wrong_credentials(
    case: Case, standin: StandIn
) -> None:
    standin.faults = [case.forbid]
    with pytest.raises(PermissionMissing, match="accepts our sign-in, but") as refused:
        case.read(standin).records()
    assert refused.value.remedy
    assert case.sign_ins(standin) <= 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", page=2), TryLater),
        (Fault("rate_limit", page=2), TryLater),
        (Fault("reset", page=2), TryLater),
        (Fault("cut", page=2), TryLater),
        (Fault("bad_gzip", page=2), TryLater),
        (Fault("html", page=2), UnexpectedShape),
        (Fault("list_shape", page=2), UnexpectedShape),
        (Fault("truncated", page=2), UnexpectedShape),
        (Fault("status", page=2, status=418), UnexpectedShape),
        (Fault("huge", page=2, size=3), UnexpectedShape),
        (Fault("gzip_bomb", page=2, size=3), UnexpectedShape),
        (Fault("redirect", page=2, location="https://elsewhere.example/x"), AddressRefused),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_a_failure_that_stays_is_reported(
    case: Case, standin: StandIn, fault: Fault, error: type[SourceError]
) -> None:
    standin.faults = [fault]
    with pytest.raises(error) as failed:
        case.read(standin, page_bytes=2_000_000, tries=2).records()
    assert failed.value.remedy and "No student account was changed." in str(failed.value)


@with_tokens
def test_an_answer_to_the_sign_in_that_is_no_token_is_refused(case: Case, standin: StandIn) -> None:
    standin.faults = [Fault("html", path="*/oauth/*")]
    with pytest.raises(UnexpectedShape, match="answer to our sign-in is not what"):
        case.read(standin).records()


@pytest.mark.parametrize(
    "fault",
    [Fault("silent", page=2), Fault("drip", page=2, seconds=0.01)],
    ids=lambda fault: fault.kind,
)
def test_a_server_that_hangs_is_left_at_the_bound(
    case: Case, standin: StandIn, fault: Fault
) -> None:
    """Without a bound, the silent server would break off and the dripping one would finish."""
    standin.faults = [fault]
    with ends_by_itself(standin), pytest.raises(TryLater, match="did not answer within"):
        case.read(standin, request_seconds=0.1, tries=2).records()
    assert [asked.page for asked in standin.requests].count(2) == 2


def test_a_reader_that_stops_early_leaves_nothing_running(case: Case, standin: StandIn) -> None:
    before = {thread for thread in threading.enumerate() if not thread.daemon}
    reading: Any = iter(case.read(standin))
    next(reading)
    reading.close()
    assert {thread for thread in threading.enumerate() if not thread.daemon} <= before


# Secrets ------------------------------------------------------------------------------------------

TROUBLES = [
    Fault("latency", seconds=0),
    Fault("status", page=2),
    Fault("rate_limit", page=2),
    Fault("reset", page=2),
    Fault("cut", page=2),
    Fault("html"),
    Fault("truncated", page=2),
    Fault("list_shape", page=2),
    Fault("same_page"),
    Fault("drop_field", field="id"),
    Fault("redirect", page=2, location="https://elsewhere.example/?page=2&count=10&secret=1"),
    Fault("status", status=404),
    Fault("status", status=401),
    Fault("status", status=403),
    Fault("status", path="*/oauth/*", status=400),
    Fault("html", path="*/oauth/*"),
]


def texts_and_secrets(case: Case, standin: StandIn, secret: str = "") -> tuple[str, list[str]]:
    """Return all texts of a run that fails, and the secrets that it had."""
    reading = case.read(standin, secret=secret, tries=2)
    texts = repr(reading.connection)
    try:
        reading.records()
    except SourceError as error:
        texts += f"{error} {error!r} {error.what} {error.remedy}" + "".join(
            traceback.format_exception(error)
        )
        assert error.__cause__ is None and error.remedy and not isinstance(error, TokenExpired)
    token = reading.connection.tokens.get()
    given = {field.key: field.kind for field in case.variant.credentials}
    secrets = [
        value for key, value in reading.connection.credentials.items() if given[key] != "url"
    ]
    basic = [
        base64.b64encode(f"{one}:{other}".encode()).decode() for one in secrets for other in secrets
    ]
    return texts, [*secrets, *basic, *([token.value] if token else [])]


@pytest.mark.parametrize(
    "fault",
    [*TROUBLES, None],
    ids=lambda fault: f"{fault.kind}{fault.status or ''}" if fault else "wrong secret",
)
def test_no_secret_and_no_student_is_in_any_log_or_error(
    case: Case, standin: StandIn, fault: Fault | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    standin.faults = [fault] if fault else []
    texts, secrets = texts_and_secrets(case, standin, "" if fault else "wrong-secret-words")
    texts += caplog.text + repr([record.__dict__ for record in caplog.records])
    for known in roster(standin):
        secrets += [
            known.email,
            f"{known.first_name} {known.last_name}",
            known.birth_date,
            known.username,
        ]
    assert [secret for secret in secrets if secret and secret in texts] == []
    assert "page=2" not in texts and "page=1&" not in texts  # no query string either
