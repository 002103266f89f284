"""Runs whose SIS lacks students: who is asked for, what the report says, who is closed."""

from threading import Thread
from time import sleep
from typing import Any

import pytest

from rollbook.cli import documents, row_documents
from rollbook.standins.faults import Fault
from rollbook.standins.people import FIRST_DCID
from rollbook.standins.powerschool.search import find_students
from rollbook.standins.standin import StandIn
from rollbook.sync.models import Change, Integration, Issue, Run, RunState
from rollbook.sync.report.change_rows import updated_row
from rollbook.sync.report.summary import summary
from rollbook.sync.words.proofs import proof_words
from tests.sync.rule_runs import send_away, set_leavers, some, sync

pytestmark = pytest.mark.django_db


def test_the_report_says_why_somebody_left_and_what_was_asked(
    integration: Integration, standin: StandIn
) -> None:
    sync(integration)
    set_leavers(integration)
    gone, *_others = some(2)
    send_away(standin, gone)
    standin.edit(int(gone.sis_id or 0), exit_date="2026-10-03")
    run = sync(integration)
    assert run.state == RunState.DONE
    assert (run.proof["asked"], run.proof["left"], run.proof["there"]) == (1, 1, 0)
    row = Change.objects.get(run=run, kind="not_in_roster")
    assert row.sis_answer is not None
    assert (row.sis_answer["exit_date"], row.sis_answer["exists"]) == ("2026-10-03", True)
    words = updated_row(run, row).reason
    assert f"PowerSchool says: {row.sis_answer['status']}, exit date Oct. 3, 2026." in words
    assert row_documents.of_change(row, run)["sis_answer"] == row.sis_answer
    said = "1 missing student was asked for: PowerSchool says 1 has left."
    assert said in proof_words(run)
    assert said in str(documents.of_run(run)["completeness"])
    assert any(said in str(line.value) for line in summary(run))


def test_one_leaves_and_one_joins_between_two_pages_and_nobody_else_is_missing(
    integration: Integration, standin: StandIn
) -> None:
    """The total stays the same; the student who moves from page 2 to page 1 is asked for."""
    sync(integration)
    set_leavers(integration)
    active = [each for each in standin.roster() if each.enroll_status == 0]
    waiting = next(each for each in standin.roster() if each.enroll_status == 2)
    standin.faults = [Fault("hold", page=2, times=1, release="page 2")]

    def swap() -> None:
        while "page 2" not in standin.holding:
            sleep(0.01)
        standin.edit(active[0].dcid, enroll_status=2)
        standin.edit(waiting.dcid, enroll_status=0)
        standin.release("page 2")

    at_once = Thread(target=swap)
    at_once.start()
    run = sync(integration)
    at_once.join()
    missing = {row.sis_id for row in Change.objects.filter(run=run, kind="not_in_roster")}
    assert missing <= {str(active[0].dcid)}
    assert run.state == RunState.DONE


def test_a_student_whom_the_list_has_twice_is_a_warning(
    integration: Integration, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(integration)

    def twice(*asked: Any) -> list[int]:
        numbers = list(find_students(*asked))
        return [*numbers, first]

    first = int(some()[0].sis_id or 0) - FIRST_DCID + 1
    monkeypatch.setattr("rollbook.standins.powerschool.v1.find_students", twice)
    run = sync(integration)
    assert (run.state, run.counts["warning"]) == (RunState.DONE, 1)
    issue = Issue.objects.get(run=run, code="listed_twice")
    assert issue.name and issue.sis_id
    assert Run.objects.count() == 2
