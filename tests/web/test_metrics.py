"""`/metrics`: what it counts, and who may see it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pydantic import SecretStr

from rollbook.config import config
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger
from rollbook.sync.worker.metrics import KINDS

pytestmark = pytest.mark.django_db
LINE = re.compile(
    r'^(rollbook_[a-z_]+)(?:\{([a-z]+="[\w-]+"(?:,[a-z]+="[\w-]+")*)\})? (-?[0-9.e+]+)$'
)


def read(text: str) -> dict[str, float]:
    """The numbers of a scrape; fails on a line that Prometheus could not read."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = LINE.match(line)
            assert match, line
            found[f"{match[1]}{{{match[2]}}}" if match[2] else match[1]] = float(match[3])
    return found


def past(integration: Integration, state: RunState, hours: int) -> Run:
    run = Run.objects.create(
        school=integration.school,
        integration=integration,
        source="powerschool",
        mode=Mode.LIVE,
        trigger=Trigger.PERSON,
    )
    at = timezone.now() - timedelta(hours=hours)
    Run.objects.filter(pk=run.pk).update(
        state=state, started_at=at - timedelta(seconds=30), finished_at=at, requested_at=at
    )
    return run


def test_it_counts_runs_their_age_results_and_durations(
    client: Client, integration: Integration
) -> None:
    past(integration, RunState.DONE, 30)
    past(integration, RunState.DONE, 2)
    past(integration, RunState.FAILED, 1)
    waiting = past(integration, RunState.QUEUED, 0)
    Run.objects.filter(pk=waiting.pk).update(
        requested_at=timezone.now() - timedelta(seconds=90), started_at=None, finished_at=None
    )
    answer = client.get("/metrics")
    told = read(answer.content.decode())
    assert {name.partition("{")[0] for name in told} | {"rollbook_jobs_waiting"} == KINDS.keys()
    assert (
        told['rollbook_runs_ended{result="done"}'] == 2
        and told['rollbook_runs_ended{result="failed"}'] == 1
    )
    assert told['rollbook_runs_active{state="queued"}'] == 1
    assert 89 < told["rollbook_oldest_waiting_run_seconds"] < 120
    assert told["rollbook_run_seconds_count"] == 2
    assert told["rollbook_run_seconds_sum"] == pytest.approx(60, abs=0.1)
    last = told[
        f'rollbook_last_success_timestamp_seconds{{integration="{integration.pk}",source="powerschool"}}'
    ]
    assert last == pytest.approx((timezone.now() - timedelta(hours=2)).timestamp(), abs=5)
    assert told["rollbook_workers_alive"] == 0
    assert integration.school.name not in answer.content.decode()


def test_without_a_token_it_answers_this_machine_alone(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    for header in ("X-Forwarded-For", "X-Forwarded-Proto"):
        assert client.get("/metrics", headers={header: "https"}).status_code == 404, (
            "passed on by a proxy"
        )


def test_with_a_token_it_answers_whoever_has_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "metrics_token", SecretStr("a long token"))
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404
    given = {"Authorization": "Bearer a long token", "X-Forwarded-Proto": "https"}
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers=given).status_code == 200
