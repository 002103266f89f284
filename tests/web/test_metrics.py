"""`/metrics`: what it counts, and who may see it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from rollbook.config import config
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger
from rollbook.sync.worker.metrics import DESCRIPTIONS

pytestmark = pytest.mark.django_db


def read(text: str) -> dict[str, float]:
    """The numbers of a scrape, by name and labels, as Prometheus's own client reads them."""
    numbers = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
            numbers[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return numbers


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
    numbers = read(answer.content.decode())
    names = {name.partition("{")[0] for name in numbers}
    assert names | {"rollbook_jobs_waiting"} == DESCRIPTIONS.keys()
    assert (
        numbers['rollbook_runs_ended{result="done"}'] == 2
        and numbers['rollbook_runs_ended{result="failed"}'] == 1
    )
    assert numbers['rollbook_runs_active{state="queued"}'] == 1
    assert 89 < numbers["rollbook_oldest_waiting_run_seconds"] < 120
    assert numbers["rollbook_last_day_runs"] == 2
    assert numbers["rollbook_last_day_run_seconds"] == pytest.approx(60, abs=0.1)
    last = numbers[
        f'rollbook_last_success_timestamp_seconds{{integration="{integration.pk}",source="powerschool"}}'
    ]
    assert last == pytest.approx((timezone.now() - timedelta(hours=2)).timestamp(), abs=5)
    assert numbers["rollbook_workers_alive"] == 0
    assert integration.school.name not in answer.content.decode()


def test_time_on_hold_is_no_part_of_a_duration(client: Client, integration: Integration) -> None:
    run = past(integration, RunState.DONE, 1)
    start = timezone.now() - timedelta(hours=9)
    Run.objects.filter(pk=run.pk).update(
        started_at=start,
        held_at=start + timedelta(seconds=10),
        approved_at=start + timedelta(hours=8),
        finished_at=start + timedelta(hours=8, seconds=5),
    )
    numbers = read(client.get("/metrics").content.decode())
    assert numbers["rollbook_last_day_run_seconds"] == pytest.approx(15, abs=0.1)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_names_pass_the_rules_of_promtool(name: str) -> None:
    """Source: https://prometheus.io/docs/practices/naming/, as `promtool check metrics` checks."""
    assert not name.endswith(("_sum", "_count", "_bucket", "_total", "_info"))
    assert not re.search(r"gauge|(_|^)(ms|milliseconds|minutes|hours|days)(_|$)", name)
    assert DESCRIPTIONS[name].endswith(".")


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
