"""What a person approves in a held run holds no later run for the same students."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from rollbook.cli.documents import of_settlement
from rollbook.schools.models import School, User
from rollbook.standins import powerschool
from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline, retention, undoing
from rollbook.sync.models import Change, Integration, MissingAccount, Run, RunState, Settlement
from rollbook.sync.report import settlements
from rollbook.sync.runs import decisions
from tests.connecting import connected
from tests.sync.rule_runs import set_leavers
from tests.sync.test_pipeline import sync

pytestmark = pytest.mark.django_db
SIZE = 40
POLICIES = pytest.mark.parametrize("policy", ["nothing", "list", "deactivate"])

Deed = Callable[[StandIn, list[Known]], None]


@pytest.fixture
def sis() -> Iterator[Any]:
    """A PowerSchool with 40 students in grades 9 to 12, and 20 who are not at school yet."""
    with powerschool.serve(students=SIZE + 20, seed=3, clean=True) as running:
        for number, one in enumerate(running.roster()):
            running.edit(
                one.dcid,
                enroll_status=0 if number < SIZE else 2,
                grade_level=9 + number % 4,
                graduation_year=2039 - number % 4,
                email=f"s{number}@school.example",
                last_name=f"{one.last_name}-{number}",
            )
        yield running


@pytest.fixture
def integration(school: School, administrator: User, sis: StandIn) -> Integration:
    integration = connected(school, administrator, sis)
    assert sync(integration).counts["new"] == SIZE
    return integration


def leave(sis: StandIn, people: list[Known]) -> None:
    for one in people:
        sis.edit(one.dcid, enroll_status=2)


def come_back(sis: StandIn, people: list[Known]) -> None:
    for one in people:
        sis.edit(one.dcid, enroll_status=0)


def lose_email(sis: StandIn, people: list[Known]) -> None:
    for one in people:
        sis.edit(one.dcid, email="")


def reuse_id(sis: StandIn, people: list[Known]) -> None:
    for one in people:
        other = {"first_name": "Quite", "last_name": f"Another-{one.dcid}"}
        sis.edit(one.dcid, birth_date="2001-01-01", email=f"o{one.dcid}@x.example", **other)


def reuse_id_and_email(sis: StandIn, people: list[Known]) -> None:
    """Let records be about other people, with e-mails that accounts from a file have."""
    reuse_id(sis, people)
    school = School.objects.get()
    for one in people:
        address = f"o{one.dcid}@x.example"
        StudentAccount.objects.get_or_create(
            school=school,
            email=address,
            email_key=address,
            first_name="From",
            last_name="A file",
            graduation_year=2039,
        )


def codes(run: Run) -> set[str]:
    return {alarm["code"] for alarm in run.alarms}


def approved(run: Run, by: User | None, *, additions_only: bool = False) -> Run:
    """Return a held run after its approval."""
    assert run.state == RunState.ON_HOLD
    assert decisions.approve(run, by, additions_only=additions_only)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE
    return run


@POLICIES
def test_an_approved_absence_holds_no_later_run_and_ends_when_the_student_is_back(
    policy: str, integration: Integration, sis: StandIn, administrator: User
) -> None:
    set_leavers(integration, runs=3, days=0, policy=policy)
    people = sis.roster()
    gone = people[3:SIZE:4]  # ten seniors: the whole grade
    leave(sis, gone)
    held = sync(integration)
    assert codes(held) == {"leavers", "vanished"}
    approved(held, administrator)
    settled = Settlement.objects.all()
    ids = set(settled.values_list("account__sis_id", "by", "run", "at"))
    assert ids == {(str(one.dcid), administrator.pk, held.pk, held.approved_at) for one in gone}

    for week in (2, 3, 4):  # new students don't wait behind them
        sis.edit(people[SIZE + week].dcid, enroll_status=0)
        run = sync(integration)
        assert (run.state, run.counts["new"], run.alarms) == (RunState.DONE, 1, [])
    closed = StudentAccount.objects.filter(status__in=("left", "graduated")).count()
    assert closed == (10 if policy == "deactivate" else 0)
    assert settled.count() == (0 if policy == "deactivate" else 10)

    come_back(sis, gone)
    assert sync(integration).state == RunState.DONE
    assert not settled.exists()
    leave(sis, gone)
    assert codes(sync(integration)) == {"leavers"}


def test_the_page_of_a_student_says_who_approved_the_absence(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    leave(sis, sis.roster()[:10])
    run = approved(sync(integration), administrator)
    account = StudentAccount.objects.get(sis_id=str(sis.roster()[0].dcid))
    (shown,) = settlements.settlements_of(account)
    assert shown.words == "Missing from PowerSchool, and that was approved. It holds no run."
    assert (shown.by, shown.at) == (administrator.name, run.approved_at)
    client = Client()
    client.force_login(administrator)
    page = client.get(reverse("student", args=[account.school_id, account.pk]))
    assert f"By {administrator.name}" in page.content.decode()
    documents = [of_settlement(each) for each in settlements.settlements(account.school)]
    assert {each["student"]["sis_id"] for each in documents} == {
        str(one.dcid) for one in sis.roster()[:10]
    }
    assert {(each["guard"], each["approved_by"], each["run"]) for each in documents} == {
        ("leavers", administrator.email, str(run.pk))
    }


@POLICIES
def test_others_who_leave_later_hold_a_run_for_themselves(
    policy: str, integration: Integration, sis: StandIn, administrator: User
) -> None:
    set_leavers(integration, runs=9, policy=policy)
    people = sis.roster()
    leave(sis, people[:20:2])
    approved(sync(integration), administrator)
    leave(sis, people[1:11:2])
    assert sync(integration).state == RunState.DONE  # five are no reason
    leave(sis, people[11:13:2])
    held = sync(integration)
    numbers = held.alarms[0]["numbers"]
    assert (codes(held), numbers["missing"], numbers["settled"]) == ({"leavers"}, 6, 10)
    assert (numbers["expected"], held.counts["missing_settled"]) == (SIZE - 10, 10)


def test_a_class_whose_last_students_leave_has_vanished_without_those_who_were_settled(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    seniors = sis.roster()[3:SIZE:4]
    leave(sis, seniors[:8])
    approved(sync(integration), administrator)
    leave(sis, seniors[8:])
    held = sync(integration)
    assert codes(held) == {"vanished"}
    assert held.alarms[0]["numbers"]["groups"] == {"year 2036": 2}


def test_a_discarded_absence_asks_again(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    leave(sis, sis.roster()[:10])
    for _week in range(2):
        held = sync(integration)
        assert codes(held) == {"leavers"}
        assert decisions.discard(held, administrator)
    assert not Settlement.objects.exists()


def test_additions_and_updates_alone_settle_no_absence(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    leave(sis, sis.roster()[:10])
    approved(sync(integration), administrator, additions_only=True)
    held = sync(integration)
    assert codes(held) == {"leavers"}
    approved(held, administrator)
    assert sync(integration).state == RunState.DONE


def test_an_approved_empty_roster_settles_nobody(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    people = sis.roster()[:SIZE]
    leave(sis, people)
    approved(sync(integration), administrator)
    assert not Settlement.objects.exists()
    come_back(sis, people[:20])
    assert codes(sync(integration)) == {"leavers"}


@pytest.mark.parametrize("additions_only", [False, True])
@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (lose_email, "errors"),
        (reuse_id, "other_people"),
        (reuse_id_and_email, "other_people"),
    ],
)
def test_records_that_cannot_be_used_hold_one_run(
    deed: Deed,
    code: str,
    additions_only: bool,
    integration: Integration,
    sis: StandIn,
    administrator: User,
) -> None:
    people = sis.roster()
    deed(sis, people[:10])
    approved(sync(integration), administrator, additions_only=additions_only)
    assert Settlement.objects.filter(guard=code).count() == 10
    assert sync(integration).state == RunState.DONE
    deed(sis, people[10:20])
    held = sync(integration)
    number = held.counts["known_errors" if code == "errors" else code]
    assert (codes(held), number) == ({code}, 10)
    approved(held, administrator)

    for one in people[:20]:  # right again
        was = {name: getattr(one, name) for name in ("first_name", "last_name", "birth_date")}
        sis.edit(one.dcid, email=one.email, **was)
    assert sync(integration).state == RunState.DONE
    assert not Settlement.objects.exists()
    deed(sis, people[:10])
    assert codes(sync(integration)) == {code}


def test_undoing_the_run_that_closed_them_asks_again(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    set_leavers(integration, runs=2, days=0)
    leave(sis, sis.roster()[:10])
    approved(sync(integration), administrator)
    closing = sync(integration)
    assert (closing.state, closing.counts["left"]) == (RunState.DONE, 10)
    assert not Settlement.objects.exists()  # closed accounts are no reason for a hold
    undo = undoing.preview(closing, administrator)
    assert undoing.confirm(undo, administrator)
    pipeline.run_sync(undo.pk)
    assert codes(sync(integration)) == {"leavers"}


def test_what_an_undone_run_settled_is_forgotten(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    people = sis.roster()
    leave(sis, people[:10])
    sis.edit(people[20].dcid, first_name="Renamed")
    run = approved(sync(integration), administrator)
    undo = undoing.preview(run, administrator)
    assert undoing.confirm(undo, administrator)
    pipeline.run_sync(undo.pk)
    assert not Settlement.objects.exists()
    assert codes(sync(integration)) == {"leavers"}


def test_missing_accounts_of_old_runs_are_removed_with_their_rows(
    integration: Integration, sis: StandIn, administrator: User
) -> None:
    set_leavers(integration, policy="nothing")  # so that the report lists nobody
    leave(sis, sis.roster()[:10])
    run = approved(sync(integration), administrator)
    assert not Change.objects.filter(run=run).exists()
    assert MissingAccount.objects.filter(run=run).count() == 10
    long_ago = timezone.now() - timedelta(days=4_000)
    Run.objects.filter(pk=run.pk).update(finished_at=long_ago)
    retention.remove_old()
    assert not MissingAccount.objects.filter(run=run).exists()
    assert Settlement.objects.count() == 10
