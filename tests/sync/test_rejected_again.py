"""Records that are as they were when the last run skipped them are not read again."""

from typing import Any

import pytest

from rollbook.roster.planning.mapping import RecordMapper
from rollbook.standins.standin import StandIn
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.sync.models import Integration, Issue, Mode, Problem, Run
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db


def rows(run: Run) -> list[tuple[Any, ...]]:
    """The problems of a run, as its report shows them."""
    issues = Issue.objects.filter(run=run).order_by("sis_id", "code", "field")
    return list(issues.values_list(*COLUMNS))


COLUMNS = (
    *("severity", "code", "sis_id", "name", "field", "source_field", "value", "other"),
    *("row_number", "column_index"),
)


def new_students(standin: StandIn, number: int) -> list[int]:
    """SIS IDs of students in the selection."""
    chosen = [
        each.dcid
        for each in standin.roster()
        if each.enroll_status == 0 and each.grade_level == 10 and each.email
    ]
    return chosen[:number]


@pytest.fixture
def mapped_alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SIS IDs of records that are mapped from now on."""
    mapped: list[str] = []
    usual = RecordMapper.map

    def remembered(self: RecordMapper, raw: Any, *more: Any) -> Any:
        mapped.append(str(raw["id"]))
        return usual(self, raw, *more)

    monkeypatch.setattr(RecordMapper, "map", remembered)
    return mapped


def test_the_next_runs_list_the_same_problems_without_reading_the_records(
    integration: Integration, standin: StandIn, mapped_alone: list[str]
) -> None:
    without_email, bad_email, with_account = new_students(standin, 3)
    standin.edit(without_email, email="")
    standin.edit(bad_email, email="no address", first_name="")
    sync(integration)
    standin.edit(with_account, last_name="")
    second = sync(integration)
    listed = {sis_id for _severity, _code, sis_id, *_rest in rows(second)}
    assert {str(without_email), str(bad_email), str(with_account)} <= listed
    mapped_alone.clear()
    third, fourth = sync(integration), sync(integration, Mode.TEST)
    assert rows(second) == rows(third) == rows(fourth)
    assert second.counts == third.counts == fourth.counts
    assert not {str(without_email), str(bad_email), str(with_account)} & set(mapped_alone)
    problem = Problem.objects.get(sis_id=str(without_email))
    assert (problem.runs, problem.last_run_id, problem.fixed_at) == (4, fourth.pk, None)
    # The same as without any memory of the last run.
    Problem.objects.update(fingerprint=None)
    assert rows(sync(integration)) == rows(fourth)
    assert str(without_email) in mapped_alone


def test_a_record_that_has_changed_is_read_again(
    integration: Integration, standin: StandIn
) -> None:
    [victim] = new_students(standin, 1)
    standin.edit(victim, email="")
    sync(integration)
    standin.edit(victim, email="no address")
    second = Issue.objects.get(run=sync(integration), sis_id=str(victim))
    assert (second.code, second.value) == ("email_invalid", "no address")
    standin.edit(victim, email="one@x.example")
    third = sync(integration)
    assert not Issue.objects.filter(run=third, sis_id=str(victim)).exists()
    assert StudentAccount.objects.get(sis_id=str(victim)).email == "one@x.example"
    assert not Problem.objects.filter(sis_id=str(victim), fixed_at=None).exists()


def test_problems_of_who_is_never_imported_are_listed_no_more(
    integration: Integration, standin: StandIn
) -> None:
    [victim] = new_students(standin, 1)
    standin.edit(victim, email="")
    sync(integration)
    NeverImport.objects.create(school=integration.school, field="sis_id", key=str(victim))
    run = sync(integration)
    assert not Issue.objects.filter(run=run, sis_id=str(victim)).exists()
    assert not Problem.objects.filter(sis_id=str(victim), fixed_at=None).exists()


def test_a_record_outside_the_selection_has_no_problem_any_more(
    integration: Integration, standin: StandIn
) -> None:
    [victim] = new_students(standin, 1)
    standin.edit(victim, email="")
    sync(integration)
    standin.edit(victim, grade_level=3)
    run = sync(integration)
    assert not Issue.objects.filter(run=run, sis_id=str(victim)).exists()
