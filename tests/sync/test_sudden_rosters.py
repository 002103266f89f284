"""Rosters of 20 to 20,000 students that change in a week: state, plan, accounts and mail."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from rollbook.schools.models import Membership, School, User
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.mail import notices
from rollbook.sync.models import Change, Integration, Issue, Notice, Run
from rollbook.sync.runs import decisions
from rollbook.sync.setup import field_rules
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.proofs import proof_words
from tests.connecting import connected
from tests.sync.sudden_rosters import (
    SCENES,
    Held,
    Outcome,
    Roster,
    leaves_again,
    returns,
    returns_anew,
    row,
)
from tests.sync.test_pipeline import sync

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
SIZES = [
    20,
    200,
    pytest.param(2_000, marks=pytest.mark.crash),
    pytest.param(20_000, marks=pytest.mark.crash),
]
GRADES, SCHOOL = list(range(-1, 13)), 5


@pytest.fixture
def roster(size: int) -> Iterator[Roster]:
    """So many students at school, and as many spare ones."""
    with powerschool.serve(students=2 * size, seed=size, clean=True) as sis:
        known = sis.roster()
        for one in known[size:]:
            sis.edit(one.dcid, enroll_status=2)
        for number, one in enumerate(known[:size]):  # no two by chance with one name or address
            grade = number % 13
            sis.edit(
                one.dcid,
                enroll_status=0,
                grade_level=grade,
                graduation_year=2039 - grade,
                school_number=SCHOOL,
            )
            sis.edit(
                one.dcid, last_name=f"{one.last_name}-{number}", email=f"s{number}@school.example"
            )
        yield Roster(sis, sis.roster()[:size], [one.dcid for one in known[size:]])


def strict(school: School, by: User, sis: StandIn) -> Integration:
    """Live, with all grades and no grace: only the guards keep missing students from closing."""
    saved = connected(school, by, sis, grades=GRADES)
    field_rules.save_leavers(
        saved, by, field_rules.LeaversPolicy(policy="deactivate", runs=1, days=0, rollover="07-01")
    )
    field_rules.save_field_rules(saved, by, app_wins=set(), blank_clears={"gender"})
    return saved


def held() -> Held:
    rows = StudentAccount.objects.values_list(
        "sis_id", "email", "first_name", "last_name", "status"
    )
    return {
        sis_id or "": (email, f"{first} {last}", status)
        for sis_id, email, first, last, status in rows
    }


def after(before: Held, outcome: Outcome) -> Held:
    merged = {**before, **outcome.becomes}
    return {sis_id: told for sis_id, told in merged.items() if told is not None}


def compare(run: Run, outcome: Outcome) -> None:
    """All that can be seen of the run: state, reasons, plan by kind, problems by code, proof."""
    assert (run.state, {alarm["code"] for alarm in run.alarms}) == (
        outcome.state,
        set(outcome.alarms),
    ), run.error_what
    assert run.proof["completeness"] == outcome.completeness
    if run.state == "failed":
        return
    writing = Counter(
        Change.objects.filter(run=run).exclude(kind="unchanged").values_list("kind", flat=True)
    )
    expected = {
        kind: number for kind, number in outcome.plan.items() if kind != "email_changed" and number
    }
    assert writing == expected
    assert run.counts.get("email_changed", 0) == outcome.plan.get("email_changed", 0)
    clashes = Issue.objects.filter(run=run, code__in=("email_shared", "email_taken"))
    assert all("(SIS ID " in issue.other and issue.other not in issue.name for issue in clashes)
    assert Counter(
        Issue.objects.filter(run=run, severity="error").values_list("code", flat=True)
    ) == dict(outcome.problems)


def compare_notices(run: Run, outcome: Outcome, roster: Roster) -> None:
    """One mail to each who wants it: the event, the reasons with numbers, no student's name."""
    wanted = (
        "failed"
        if run.state == "failed"
        else "on_hold"
        if run.state == "on_hold"
        else "problems"
        if outcome.problems
        else None
    )
    told = Notice.objects.filter(run=run)
    assert {notice.event for notice in told} - {"changes"} == ({wanted} if wanted else set())
    for notice in told:
        body = notices.message(notice).body
        assert all(words in body for words in alarm_words(run.alarms, "PowerSchool"))
        assert run.error_what in body
        assert "%(" not in str(body) and not any(
            one.email in str(body) or one.last_name in str(body) for one in roster.people[:200]
        )


@pytest.mark.parametrize("size", SIZES)
def test_whoever_comes_back_is_who_they_were(
    size: int, roster: Roster, school: School, administrator: User
) -> None:
    integration = strict(school, administrator, roster.sis)
    sync(integration)
    ids = set(StudentAccount.objects.values_list("pk", flat=True))
    for deed in (leaves_again, returns, leaves_again, returns_anew):
        before = held()
        roster.people = roster.sis.roster()[:size]
        outcome = deed(roster)
        run = sync(integration)
        compare(run, outcome)
        compare_notices(run, outcome, roster)
        assert held() == after(before, outcome)
    assert set(StudentAccount.objects.values_list("pk", flat=True)) == ids


@pytest.mark.parametrize("size", SIZES[:3])
def test_two_schools_whose_rosters_were_swapped_are_both_held(
    size: int, roster: Roster, school: School, administrator: User
) -> None:
    """Both number their students from 1001: only names and birth dates show that they differ."""
    there = School.objects.create(name="Riverside High School", timezone="America/Chicago")
    Membership.objects.create(school=there, user=administrator, role="administrator")
    with powerschool.serve(students=size + size // 10, seed=size + 1, clean=True) as other:
        for number, one in enumerate(other.roster()):
            other.edit(
                one.dcid,
                enroll_status=0,
                grade_level=number % 13,
                email=f"r{number}@river.example",
                birth_date="2011-05-06",
            )
            other.edit(one.dcid, last_name=f"River-{number}", graduation_year=2039 - number % 13)
        pairs = [(school, roster.sis, other), (there, other, roster.sis)]
        for where, own, _swapped in pairs:
            assert sync(strict(where, administrator, own)).state == "done"
        before = list(StudentAccount.objects.order_by("pk").values())
        for where, _own, swapped in pairs:
            run = sync(strict(where, administrator, swapped))
            assert (run.state, "other_people" in {alarm["code"] for alarm in run.alarms}) == (
                "on_hold",
                True,
            )
            assert (
                "another school's list"
                in notices.message(Notice.objects.filter(run=run, event="on_hold")[0]).body
            )
            assert list(StudentAccount.objects.order_by("pk").values()) == before
            decisions.discard(run, administrator)
        for where, own, _swapped in pairs:
            run = sync(strict(where, administrator, own))
            assert (run.state, run.counts.get("new", 0), run.counts.get("updated", 0)) == (
                "done",
                0,
                0,
            )
    assert list(StudentAccount.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("deed", SCENES.values(), ids=SCENES)
def test_what_becomes_of(
    deed: Callable[[Roster], Outcome],
    size: int,
    roster: Roster,
    school: School,
    administrator: User,
) -> None:
    integration = strict(school, administrator, roster.sis)
    assert sync(integration).counts["new"] == size
    before = held()
    assert before == {str(one.dcid): row(one) for one in roster.people}
    outcome = deed(roster)
    run = sync(integration)
    compare(run, outcome)
    compare_notices(run, outcome, roster)
    assert proof_words(run).startswith("Short:" if outcome.completeness == "short" else "Complete:")
    if run.state == "done":
        assert held() == after(before, outcome)
    else:
        assert held() == before
    if run.state == "on_hold":
        assert decisions.approve(run, administrator)
        pipeline.run_sync(run.pk)
        assert held() == after(before, outcome)
    if (
        run.state != "failed" and outcome.plan.get("left") != size
    ):  # of an empty roster each run says so anew
        again = sync(integration)
        assert (
            again.counts.get("new", 0),
            again.counts.get("updated", 0),
            again.counts.get("left", 0),
        ) == (0, 0, 0) or again.alarms
        assert held() == after(before, outcome)
