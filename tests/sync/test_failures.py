"""A failed run changes nothing; its message names the remedy and shows no secret."""

import logging

import pytest

from rollbook.config import config
from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.runs import requests
from rollbook.sync.setup import credentials
from tests.connecting import connected
from tests.sync.test_pipeline import accounts_checksum, complete, held, sync

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tries a page and short time-outs, so that failing for good takes a second."""
    monkeypatch.setattr(config, "tries", 2)
    monkeypatch.setattr(config, "retry_after_seconds", 0.1)
    monkeypatch.setattr(config, "request_seconds", 2.0)


def failed(integration: Integration, code: str) -> Run:
    """Sync, and check what holds for every failure."""
    before = accounts_checksum()
    run = sync(integration)
    assert (run.state, run.error_code) == (RunState.FAILED, code), run.error_what
    assert run.error_what
    assert run.error_remedy
    secret = credentials.load(integration)["client_secret"]
    assert secret not in run.error_what + run.error_remedy
    assert accounts_checksum() == before
    assert run.finished_at is not None
    return run


def test_wrong_secret(integration: Integration, caplog: pytest.LogCaptureFixture) -> None:
    credentials.store(integration, "client_secret", "not the secret")
    with caplog.at_level(logging.INFO, "rollbook"):
        run = failed(integration, "credentials_refused")
    assert f"run {run.pk}: failed credentials_refused" in caplog.text
    assert "Client Secret" in run.error_what + run.error_remedy


def test_credentials_that_are_cut_short_after_the_request(integration: Integration) -> None:
    run = requests.request(integration, trigger=Trigger.PERSON).run
    integration.credentials.filter(name="client_secret").update(ciphertext=b"\x00\x02\x03")
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code) == (RunState.FAILED, "key_missing")
    assert "can't be read" in run.error_what and "again" in run.error_remedy
    integration.refresh_from_db()
    assert integration.credentials_used_at is None


def test_a_run_stores_that_it_used_the_credentials(integration: Integration) -> None:
    credentials.store(integration, "client_secret", "not the secret")
    failed(integration, "credentials_refused")
    integration.refresh_from_db()
    assert integration.credentials_used_at is not None


def test_missing_v1_access_level(school: School, administrator: object) -> None:
    with powerschool.serve(students=20, access_level="NONE") as standin:
        integration = connected(school, None, standin, notify_on_errors=False)
        run = failed(integration, "permission_missing")
        assert (
            "accessLevelV1Api" in run.error_what + run.error_remedy
            or "Data Provider" in run.error_remedy
        )


def test_a_token_that_expires_in_the_middle_costs_nothing(
    integration: Integration, standin: StandIn
) -> None:
    standin.faults = [Fault("token_expired", after=2, times=1)]
    run = sync(integration)
    assert run.state == RunState.DONE
    assert held() == complete(standin, {9, 10, 11, 12})


def test_a_server_in_maintenance(integration: Integration, standin: StandIn) -> None:
    standin.faults = [Fault("redirect")]
    run = failed(integration, "try_later")
    assert "maintenance" in run.error_what


def test_an_address_that_does_not_resolve(integration: Integration) -> None:
    credentials.store(integration, "client_url", "https://no-such-school.invalid")
    run = failed(integration, "address_unreachable")
    assert "address" in run.error_remedy


def test_each_failure_has_its_own_message(integration: Integration, standin: StandIn) -> None:
    said = set()
    for kind in ("redirect", "html", "count_off", "status"):
        standin.faults = [Fault(kind, size=1) if kind == "count_off" else Fault(kind)]
        run = sync(integration)
        assert run.state == RunState.FAILED, kind
        said.add(run.error_what)
    assert len(said) == 4, said


def test_a_page_that_fails_once_is_asked_again(integration: Integration, standin: StandIn) -> None:
    for kind in ("status", "reset", "cut", "truncated"):
        standin.faults = [Fault(kind, times=1, path="*/student")]
        assert sync(integration).state == RunState.DONE, kind
        assert held() == complete(standin, {9, 10, 11, 12})


def test_the_next_run_after_a_failure_is_unharmed(
    integration: Integration, standin: StandIn
) -> None:
    standin.faults = [Fault("status", path="*/student")]
    failed(integration, "try_later")
    standin.faults = []
    assert sync(integration).state == RunState.DONE
    assert held() == complete(standin, {9, 10, 11, 12})


def test_no_log_line_holds_a_secret_or_a_name(
    integration: Integration, standin: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sync(integration)
    credentials.store(integration, "client_secret", "a wrong secret to look for")
    sync(integration)
    logged = caplog.text
    assert "a wrong secret" not in logged and standin.client_secret not in logged
    sql = [record for record in caplog.records if record.name.startswith("django.db")]
    told = "\n".join(record.getMessage() for record in caplog.records if record not in sql)
    assert not [each.email for each in standin.roster() if each.email and each.email in told]
