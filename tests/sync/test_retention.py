"""What is removed with time, and what stays."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rollbook.config import config
from rollbook.schools.models import AuditEntry, User
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import retention
from rollbook.sync.models import Change, Integration, Issue, Notice, Run
from rollbook.sync.report import files
from tests.sync.test_pipeline import accounts_checksum, sync

pytestmark = pytest.mark.django_db


def aged(run: Run, days: int) -> Run:
    Run.objects.filter(pk=run.pk).update(
        finished_at=timezone.now() - timedelta(days=days, minutes=1)
    )
    run.refresh_from_db()
    return run


def test_the_rows_of_old_reports_go_and_their_runs_counts_and_audit_stay(
    integration: Integration, standin: StandIn
) -> None:
    victim = standin.roster()[0]
    standin.edit(victim.dcid, email="none", enroll_status=0, grade_level=10)
    old, kept = aged(sync(integration), 400), aged(sync(integration), 399)
    counts, before, audited = old.counts, accounts_checksum(), AuditEntry.objects.count()
    assert Change.objects.filter(run=old).exists() and Issue.objects.filter(run=old).exists()
    Notice.objects.filter(run=old).update(created_at=old.finished_at, state="sent")
    of_kept = Change.objects.filter(run=kept).count(), Issue.objects.filter(run=kept).count()

    assert retention.remove_old() == 1
    assert (
        not Change.objects.filter(run=old).exists() and not Issue.objects.filter(run=old).exists()
    )
    assert not Notice.objects.filter(run=old).exists()
    assert (
        Change.objects.filter(run=kept).count(),
        Issue.objects.filter(run=kept).count(),
    ) == of_kept
    old.refresh_from_db()
    assert (
        old.counts == counts
        and accounts_checksum() == before
        and AuditEntry.objects.count() == audited
    )
    assert retention.remove_old() == 0
    with pytest.raises(files.NoReport, match="400 days"):
        files.request_report(old, None)


def test_the_page_of_such_a_run_says_so_and_keeps_its_numbers(
    integration: Integration, administrator: User, client: Client
) -> None:
    config_days = config.report_days
    old = aged(sync(integration), config_days)
    retention.remove_old()
    client.force_login(administrator)
    page = client.get(reverse("run", args=[integration.school_id, old.pk])).content.decode()
    assert "removed after 400 days" in page and str(StudentAccount.objects.count()) in page


def test_workers_look_once_an_hour(
    integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(retention._LastSweep, "at", 0.0)
    monkeypatch.setattr(retention, "remove_old", lambda: looked.append(1))
    for _ in range(3):
        retention.sweep()
    assert len(looked) == 1


def test_a_worker_whose_clock_is_wrong_removes_nothing(integration: Integration) -> None:
    run = sync(integration)
    rows = Change.objects.filter(run=run).count()
    with time_machine.travel(timezone.now() + timedelta(days=4_000)):
        assert retention.remove_old() == 0
    assert Change.objects.filter(run=run).count() == rows > 0
