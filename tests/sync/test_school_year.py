"""A school year, a run each week, with a person who approves and discards: docs/school-year.md."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Final

import pytest

from rollbook.schools.models import School, User
from rollbook.standins import powerschool, veracross
from rollbook.standins.people import USUAL_EXITS
from rollbook.standins.roster import KNOWN_FIELDS
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.runs import decisions, requests
from rollbook.sync.setup import field_rules
from tests.connecting import connected
from tests.sync.school_year import LAST_WEEK, PEOPLE, YEAR, Town, day_of, week_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "school-year.md"
WORDS: Final = {
    "approve": "Approve all",
    "additions": "Additions and updates only",
    "discard": "Discard",
    "": "—",
}


class Accounts:
    """Which accounts there must be, worked out from what is at school when a run is applied."""

    def __init__(self) -> None:
        self.values: dict[int, tuple[str, str, str, str]] = {}  # names, e-mail and status
        self.missed: dict[int, int] = {}
        self.years: dict[int, int] = {}
        self.closes = False

    def apply(self, town: Town, day: date, *, additions_only: bool = False) -> None:
        here = {one.dcid: one for one in town.everybody()}
        for dcid, one in here.items():
            self.missed.pop(dcid, None)
            if not one.email or one.last_name.startswith("Person-"):
                continue  # its record has an error
            known = self.values.get(dcid)
            email = known[2] if known and additions_only else one.email
            self.values[dcid] = (one.first_name, one.last_name, email, "active")
            self.years[dcid] = one.graduation_year
        for dcid, (first, last, email, status) in self.values.items():
            if dcid in here or status != "active":
                continue
            self.missed[dcid] = self.missed.get(dcid, 0) + 1
            if self.closes and self.missed[dcid] >= 3 and not additions_only:
                graduated = day >= date(self.years[dcid], 7, 1)
                closed = "graduated" if graduated else "left"
                self.values[dcid] = (first, last, email, closed)

    def compare(self) -> None:
        columns = ("first_name", "last_name", "email", "status")
        stored = StudentAccount.objects.values_list(*columns)
        assert sorted(stored) == sorted(self.values.values())


def sync_on(integration: Integration, day: date) -> Run:
    """Return the run of a week, as if it were requested on that day."""
    run = requests.request(integration, trigger=Trigger.PERSON).run
    moment = datetime.combine(day, time(2), UTC)
    Run.objects.filter(pk=run.pk).update(requested_at=moment)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return run


def moved_to(sis: StandIn, town: Town, late: int) -> None:
    """Enter everybody in the new SIS, except one who is late."""
    for one in town.sis.roster():
        values = {name: getattr(one, name) for name in KNOWN_FIELDS if name != "dcid"}
        # Of those whom the made-up school had as leavers, the new SIS has an exit date otherwise.
        values["exit_date"] = USUAL_EXITS[-1]
        if one.dcid == late:
            values["enroll_status"] = 2
        sis.edit(one.dcid, **values)


@pytest.fixture
def town() -> Iterator[Town]:
    with powerschool.serve(students=PEOPLE, seed=11, clean=True) as sis:
        yield Town(sis)


@pytest.fixture
def new_sis() -> Iterator[Any]:
    with veracross.serve(students=PEOPLE, seed=11, clean=True) as sis:
        yield sis


@pytest.mark.slow
@pytest.mark.django_db
def test_a_school_year_asks_about_nobody_twice_and_lets_nobody_wait(
    town: Town, new_sis: Any, school: School, administrator: User
) -> None:
    integration = connected(school, administrator, town.sis)
    field_rules.save_field_rules(
        integration, administrator, app_wins=set(), blank_clears={"gender"}
    )
    accounts = Accounts()
    late = 0
    for number in range(1, LAST_WEEK + 1):
        week, day = week_of(number), day_of(number)
        week.deed(town)
        if number == 28:
            policy = field_rules.LeaversPolicy("deactivate", runs=3, days=7, rollover="07-01")
            field_rules.save_leavers(integration, administrator, policy)
            accounts.closes = True
        if number >= 53:
            late = late or town.everybody()[0].dcid
            moved_to(new_sis, town, late if number == 53 else 0)
        if number == 53:
            Integration.objects.filter(pk=integration.pk).update(active=False)
            integration = _connected_to_veracross(school, administrator, new_sis)
            accounts.closes = False  # of PowerSchool; nobody is missing from a new SIS
        run = sync_on(integration, day)
        held = run.state == RunState.ON_HOLD
        alarms = frozenset(alarm["code"] for alarm in run.alarms)
        assert (number, alarms, held) == (number, week.holds, bool(week.holds)), run.error_what
        _decide(run, week.decides, administrator)
        if week.decides != "discard":
            accounts.apply(town, day, additions_only=week.decides == "additions")
        accounts.compare()
    assert StudentAccount.objects.filter(status="active", source="veracross").count() == len(
        town.everybody()
    )


def _decide(run: Run, decision: str, by: User) -> None:
    if decision == "discard":
        assert decisions.discard(run, by)
        return
    if decision:
        assert decisions.approve(run, by, additions_only=decision == "additions")
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
    assert run.state == RunState.DONE


def _connected_to_veracross(school: School, by: User, sis: Any) -> Integration:
    credentials = {
        "user_name": sis.client_id,
        "password": sis.client_secret,
        "client": sis.address,
    }
    more = {"source": "veracross", "variant": "v3", "credentials": credentials}
    return connected(school, by, sis, **more)


def test_the_page_tells_the_same_year() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    assert rows == [
        f"| {number} | {day_of(number):%-d %B %Y} | {week.happens} | {week.does} "
        f"| {WORDS[week.decides]} |"
        for number, week in sorted(YEAR.items())
    ]
