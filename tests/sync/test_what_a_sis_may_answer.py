"""Every row of "what a SIS may answer", from the socket to the accounts.

A proxy breaks the connection, or a SIS its answer. Each row is tried with each SIS on a school that
has its students already, so that "nothing applied" means something.
"""

import itertools
import logging
import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from rollbook.config import config
from rollbook.standins.faults import Fault
from rollbook.sync.models import Run, RunState
from rollbook.sync.setup import credentials
from tests.proxy import Proxy, Trouble
from tests.sources.certificates import Authority
from tests.sync.behind_a_proxy import Row, Sis, connected, quick, sis
from tests.sync.test_pipeline import accounts_checksum, held, sync

__all__ = ["quick", "sis"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def in_two_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


def in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


PASSES: dict[str, Callable[[Sis], object]] = {
    "a page fails once with 500": lambda sis: set_faults(
        sis, Fault("status", page=2, times=1, status=500)
    ),
    "a page fails once with 502": lambda sis: set_faults(
        sis, Fault("status", page=3, times=1, status=502)
    ),
    "a page fails once with 503": lambda sis: set_faults(
        sis, Fault("status", page=4, times=1, status=503)
    ),
    "a connection is reset in the middle of an answer": lambda sis: set_trouble(
        sis, Trouble("reset", after=3_000, times=1)
    ),
    "a body is cut": lambda sis: set_trouble(sis, Trouble("cut", after=3_000, times=2)),
    "a connection is closed before a byte": lambda sis: set_trouble(
        sis, Trouble("refuse", times=1)
    ),
    "answers come late and in pieces": lambda sis: set_trouble(sis, Trouble("delay", seconds=0.02)),
    "429 without Retry-After": lambda sis: set_faults(
        sis, Fault("rate_limit", page=2, times=1, seconds=1)
    ),
    "429 with Retry-After in seconds": lambda sis: set_faults(
        sis, Fault("rate_limit", page=2, times=1, retry_after="1")
    ),
    "429 with Retry-After as a date": lambda sis: set_faults(
        sis, Fault("rate_limit", page=2, times=1, retry_after=in_two_seconds())
    ),
    "the token is revoked in the middle": lambda sis: set_faults(sis, revoked(sis)),
    "smaller pages than asked for": lambda sis: set_faults(sis, Fault("small_pages", size=3)),
    "the same student twice, equal": lambda sis: set_faults(sis, Fault("duplicate")),
    "fields that nobody has heard of": lambda sis: set_faults(sis, Fault("extra_fields")),
    "numbers as text": lambda sis: sis.spoil(lambda rows: [numbers_as_text(row) for row in rows]),
}


def set_faults(sis: Sis, *faults: Fault) -> None:
    sis.standin.faults = faults


def set_trouble(sis: Sis, *trouble: Trouble) -> None:
    sis.proxy.trouble = trouble


def hang(sis: Sis, trouble: Trouble) -> None:
    config.request_seconds = 0.4  # `quick` puts it back
    sis.proxy.trouble = [trouble]


def endless(sis: Sis) -> None:
    """The first page again and again, each time with ids that have not come before."""
    fresh = itertools.count(5_000_000)
    sis.standin.faults = [Fault("same_page")]
    sis.spoil(lambda rows: [{**row, "id": next(fresh)} for row in rows])


def revoked(sis: Sis) -> Fault:
    if sis.name == "powerschool":
        return Fault("token_expired", after=2, times=1)
    return Fault("token_revoked", page=3, times=1)


def numbers_as_text(row: Row) -> Row:
    return {
        key: str(value)
        if type(value) is int
        else numbers_as_text(value)
        if isinstance(value, dict)
        else value
        for key, value in row.items()
    }


@pytest.mark.parametrize("row", PASSES)
def test_trouble_that_passes_costs_nothing(sis: Sis, row: str) -> None:
    PASSES[row](sis)
    run = sync(sis.integration)
    assert (run.state, run.error_what) == (RunState.DONE, "")
    assert sis.complete().items() <= held().items()
    assert run.counts["new"] + run.counts["updated"] > 0


FAILS: dict[str, tuple[Callable[[Sis], object], str, str]] = {
    "a page fails always": (
        lambda sis: set_faults(sis, Fault("status", page=3)),
        "try_later",
        "problem of its own",
    ),
    "the SIS is down": (lambda sis: sis.proxy.__exit__(), "address_unreachable", "Nothing answers"),
    "every connection is reset": (
        lambda sis: set_trouble(sis, Trouble("reset", after=100)),
        "try_later",
        "broke off",
    ),
    "429 for ever": (
        lambda sis: set_faults(sis, Fault("rate_limit", page=2, retry_after="0", seconds=1)),
        "try_later",
        "slow down",
    ),
    "429 that asks for an hour in seconds": (
        lambda sis: set_faults(sis, Fault("rate_limit", page=2, retry_after="3600")),
        "try_later",
        "asks us to wait 60 minutes",
    ),
    "429 that asks for an hour by a date": (
        lambda sis: set_faults(sis, Fault("rate_limit", page=2, retry_after=in_an_hour())),
        "try_later",
        "asks us to wait",
    ),
    "a 401 that isn't about the token": (
        lambda sis: set_faults(sis, sis.forbid),
        "permission_missing",
        "accepts our sign-in, but",
    ),
    "HTML with 200": (
        lambda sis: set_faults(sis, Fault("html", page=2)),
        "unexpected_answer",
        "is not what",
    ),
    "JSON of another shape": (
        lambda sis: set_faults(sis, Fault("list_shape", page=2)),
        "unexpected_answer",
        "is not what",
    ),
    "JSON that ends early": (
        lambda sis: set_faults(sis, Fault("truncated", page=2)),
        "unexpected_answer",
        "is not what",
    ),
    "the same page for ever": (
        lambda sis: set_faults(sis, Fault("same_page")),
        "roster_incomplete",
        "",
    ),
    "endless pages": (endless, "roster_incomplete", "at most"),
    "a gzip bomb": (
        lambda sis: set_faults(sis, Fault("gzip_bomb", page=2, size=400)),
        "unexpected_answer",
        "larger than 20 MB",
    ),
    "a huge page": (
        lambda sis: set_faults(sis, Fault("huge", page=2, size=21)),
        "unexpected_answer",
        "larger than 20 MB",
    ),
    "a redirect to another host": (
        lambda sis: set_faults(
            sis, Fault("redirect", page=2, location="https://elsewhere.example/x?token=abc")
        ),
        "address_refused",
        "elsewhere.example",
    ),
    "one byte at a time": (
        lambda sis: hang(sis, Trouble("drip", after=400, seconds=0.01)),
        "try_later",
        "did not answer within",
    ),
    "accepts and stays silent": (
        lambda sis: hang(sis, Trouble("silent")),
        "try_later",
        "did not answer within",
    ),
    "stays silent in the middle": (
        lambda sis: hang(sis, Trouble("silent", after=1_500)),
        "try_later",
        "did not answer within",
    ),
}


@pytest.mark.parametrize("row", FAILS)
def test_trouble_that_stays_fails_the_run_with_its_reason_and_applies_nothing(
    sis: Sis, row: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    act, code, said = FAILS[row]
    before, memory = accounts_checksum(), peak_megabytes()
    act(sis)
    run = sync(sis.integration)
    assert (run.state, run.error_code) == (RunState.FAILED, code), run.error_what
    assert said in run.error_what and run.error_remedy and run.finished_at
    assert accounts_checksum() == before
    assert peak_megabytes() - memory < 150
    assert_nothing_private_is_said(sis, run, caplog.text)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def assert_nothing_private_is_said(sis: Sis, run: Run, logged: str) -> None:
    """Neither a secret, nor a part of an answer, nor a query string."""
    told = run.error_what + run.error_remedy + logged
    assert credentials.load(sis.integration)[secret_of(sis)] not in told
    assert not [
        word
        for word in ("?", "token=", "<html", "page=", "maintenance</", "q=school")
        if word in run.error_what + logged
    ]
    assert not [values for values in sis.complete().values() if values[0] in told]


def secret_of(sis: Sis) -> str:
    return "client_secret" if sis.name == "powerschool" else "password"


def test_after_a_failure_the_next_run_is_as_if_nothing_had_happened(sis: Sis) -> None:
    for fault in (Fault("status", page=3), Fault("html", page=2), Fault("same_page")):
        sis.standin.faults = [fault]
        assert sync(sis.integration).state == RunState.FAILED
    sis.standin.faults = []
    assert sync(sis.integration).state == RunState.DONE
    assert sis.complete().items() <= held().items()


def test_a_missing_right_is_not_asked_for_again(sis: Sis) -> None:
    sis.standin.faults = [sis.forbid]
    before = len(sis.standin.requests)
    sync(sis.integration)
    lists = [
        asked
        for asked in list(sis.standin.requests)[before:]
        if asked.path.endswith(("/student", "/students"))
    ]
    assert len(lists) <= 1


@pytest.mark.parametrize(
    ("certificate", "trusted", "said"),
    [
        ({}, True, ""),
        ({"days": -1}, True, "has expired"),
        ({"name": "other.example"}, True, "is for another name"),
        ({"self_signed": True}, True, "may be self-signed"),
        ({}, False, "not issued by an authority that we trust"),
    ],
    ids=["good", "expired", "wrong name", "self-signed", "unknown authority"],
)
def test_a_certificate_is_trusted_or_the_run_says_why_not(
    sis: Sis,
    certificate: Row,
    trusted: bool,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setattr(config, "ca_file", authority.file if trusted else None)
    before, asked = accounts_checksum(), len(sis.standin.requests)
    with Proxy(sis.standin.url, authority.context(**certificate)) as safe:
        run = sync(connected(sis.integration.school, sis.name, sis.standin, safe.url))
    if not said:
        assert (run.state, run.error_what) == (RunState.DONE, "")
        return
    assert (run.state, run.error_code) == (RunState.FAILED, "address_unreachable")
    assert said in run.error_what
    assert accounts_checksum() == before and len(sis.standin.requests) == asked
