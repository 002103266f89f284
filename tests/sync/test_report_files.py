"""Report files: made once, now or by a worker; made again after a crash; gone after a day."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import override
from openpyxl import load_workbook
from procrastinate.contrib.django.models import ProcrastinateJob

from rollbook.schools.models import AuditEntry, School, User
from rollbook.sync import queue
from rollbook.sync.models import ReportFile, ReportState, Run, RunState
from rollbook.sync.report import files, workbook
from rollbook.sync.report.files import (
    NoReport,
    expire_reports,
    hand_out,
    make,
    request_report,
    sweep_reports,
)
from tests.sync.report_runs import a_run, new, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(school: School) -> Run:
    return a_run(
        school, [new(), new("0002", "Alan", "Turing", "alan@lincoln.example")], [problem()]
    )


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every report counts as too large to be made while one waits."""
    monkeypatch.setattr(files, "AT_ONCE", 0)


@pytest.fixture
def stopping() -> Iterator[None]:
    queue.stopping.set()
    yield
    queue.stopping.clear()


def made(file: ReportFile) -> ReportFile:
    make(file.pk)
    file.refresh_from_db()
    return file


def jobs() -> list[dict[str, Any]]:
    return list(
        ProcrastinateJob.objects.filter(task_name="make_report", status="todo").values_list(
            "args", flat=True
        )
    )


def go_silent(file: ReportFile) -> None:
    ReportFile.objects.filter(pk=file.pk).update(
        touched_at=Now() - timedelta(minutes=5), attempts=1
    )


def test_a_small_report_is_ready_at_once(run: Run, administrator: User) -> None:
    file = request_report(run, administrator)
    assert (file.state, file.rows_total, file.requested_by, file.school_id) == (
        ReportState.READY,
        3,
        administrator,
        run.school_id,
    )
    content = hand_out(file, administrator)
    assert content is not None
    assert len(content) == file.size
    assert load_workbook(BytesIO(content))["New"]["A3"].value == "0002"
    assert file.name == workbook.file_name(run)
    assert timedelta(hours=23) < file.expires_at - timezone.now() < timedelta(hours=25)


def test_making_and_handing_out_are_noted_with_counts_and_no_values(
    run: Run, administrator: User, counselor: User
) -> None:
    hand_out(request_report(run, administrator), counselor)
    made_entry, taken = AuditEntry.objects.filter(action__startswith="report.").order_by("pk")
    assert (made_entry.action, made_entry.actor, made_entry.subject) == (
        "report.made",
        administrator,
        str(run.pk),
    )
    assert made_entry.detail == {"errors": 1, "new": 2, "updated": 0}
    assert (taken.action, taken.actor, taken.school) == ("report.downloaded", counselor, run.school)


def test_the_same_wish_gets_the_same_file_until_the_run_changes(
    run: Run, administrator: User, counselor: User
) -> None:
    first = request_report(run, administrator)
    assert request_report(Run.objects.get(pk=run.pk), counselor).pk == first.pk
    run.state = RunState.UNDONE
    run.save()
    assert request_report(run, administrator).pk != first.pk


def test_another_language_gets_a_file_of_its_own(run: Run) -> None:
    english = request_report(run, None)
    with override("de"):
        assert request_report(run, None).pk != english.pk


def test_a_run_without_a_complete_plan_has_no_report(school: School) -> None:
    with pytest.raises(NoReport, match="before all students were read"):
        request_report(a_run(school, [new()], state=RunState.FAILED, counts={}), None)
    assert not ReportFile.objects.exists()


def test_a_large_report_is_left_to_a_worker_and_asked_for_once(
    run: Run, administrator: User, all_large: None
) -> None:
    file = request_report(run, administrator)
    assert (file.state, hand_out(file, administrator)) == (ReportState.MAKING, None)
    assert request_report(run, administrator).pk == file.pk
    assert jobs() == [{"report_id": str(file.pk)}]
    assert made(file).state == ReportState.READY
    assert request_report(run, administrator).state == ReportState.READY


def test_progress_is_seen_while_it_is_made(
    school: School, all_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int, bool]] = []
    touch = files._touch

    def watch(file: ReportFile, done: int, total: int) -> None:
        touch(file, done, total)
        row = ReportFile.objects.get(pk=file.pk)
        seen.append((row.rows_done, row.rows_total, row.touched_at is not None))

    monkeypatch.setattr(files, "_touch", watch)
    file = request_report(a_run(school, [new(str(number)) for number in range(1_200)]), None)
    assert made(file).state == ReportState.READY
    assert seen == [(500, 1_200, True), (1_000, 1_200, True), (1_200, 1_200, True)]


def test_a_crash_in_making_leaves_a_failed_file_and_the_next_wish_a_new_one(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(workbook, "write_report", lambda *_args, **_more: 1 / 0)
        request_report(run, None)
    failed = ReportFile.objects.get()
    assert failed.state == ReportState.FAILED
    assert "ZeroDivisionError, reference " in failed.trouble
    again = request_report(run, None)
    assert (again.state, again.pk != failed.pk) == (ReportState.READY, True)


def test_a_file_whose_maker_was_killed_is_taken_up_again(run: Run, all_large: None) -> None:
    file = request_report(run, None)
    go_silent(file)
    assert request_report(run, None).pk == file.pk
    assert (made(file).state, file.attempts) == (ReportState.READY, 2)


def test_the_sweep_wakes_silent_files_and_no_others(
    run: Run, school: School, all_large: None
) -> None:
    silent, busy = request_report(run, None), request_report(a_run(school, [new()]), None)
    assert len(jobs()) == 2
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    go_silent(silent)
    ReportFile.objects.filter(pk=busy.pk).update(touched_at=Now())
    sweep_reports()
    assert jobs() == [{"report_id": str(silent.pk)}]


def test_a_file_that_another_worker_makes_is_left_to_it(run: Run, all_large: None) -> None:
    file = request_report(run, None)
    ReportFile.objects.filter(pk=file.pk).update(touched_at=Now(), attempts=1)
    assert made(file).state == ReportState.MAKING


def test_a_maker_that_was_taken_for_dead_writes_nothing(
    run: Run, all_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = request_report(run, None)

    def late(_run: Run, target: BytesIO, progress: Any) -> None:
        ReportFile.objects.filter(pk=file.pk).update(
            attempts=2, touched_at=Now()
        )  # another one has taken it over meanwhile
        target.write(b"late")

    monkeypatch.setattr(workbook, "write_report", late)
    made(file)
    assert (file.state, file.content) == (ReportState.MAKING, None)
    assert not AuditEntry.objects.filter(action="report.made").exists()


def test_after_three_tries_a_file_is_given_up(run: Run, all_large: None) -> None:
    file = request_report(run, None)
    ReportFile.objects.filter(pk=file.pk).update(
        attempts=3, touched_at=Now() - timedelta(minutes=5)
    )
    assert made(file).state == ReportState.FAILED


def test_a_worker_that_is_told_to_stop_gives_the_file_back_at_once(
    run: Run, all_large: None, stopping: None
) -> None:
    file = made(request_report(run, None))
    assert (file.state, file.attempts, file.touched_at) == (ReportState.MAKING, 0, None)
    assert {"report_id": str(file.pk)} in jobs()


def test_a_file_is_gone_when_its_time_is_over(run: Run, administrator: User) -> None:
    file = request_report(run, administrator)
    ReportFile.objects.filter(pk=file.pk).update(expires_at=Now())
    assert hand_out(file, administrator) is None
    fresh = request_report(run, administrator)
    assert (fresh.state, fresh.pk != file.pk) == (ReportState.READY, True)
    assert expire_reports() == 0
    ReportFile.objects.update(expires_at=Now())
    assert expire_reports() == 1


def test_a_file_that_is_gone_or_unknown_is_no_crash(run: Run) -> None:
    make(UUID(int=5))
    file = request_report(run, None)
    file.delete()
    file.pk = UUID(int=5)
    assert hand_out(file, None) is None


def test_asking_does_not_break_the_transaction_of_the_caller(run: Run, all_large: None) -> None:
    with transaction.atomic():
        request_report(run, None)
        request_report(run, None)
        assert ReportFile.objects.count() == 1
