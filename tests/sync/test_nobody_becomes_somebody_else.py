"""Whatever files and rosters come in, in any order, nobody becomes somebody else unasked.

No account changes first name, last name and birth date (or e-mail) in one run without a person's
decision. No account is made with the name and birth date of another one without a question.
"""

import csv
import io
import os
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook.roster.values.names import name_key
from rollbook.schools.models import School
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.students import editing, merging, never_import_list, protection
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync import pipeline
from rollbook.sync.models import Integration, Issue, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.setup import field_rules, integrations, link_decisions
from rollbook.sync.uploads import column_choice, drafts, previews
from tests.cases.schools import powerschool_student
from tests.conftest import EXAMPLES
from tests.sources.loopback import SmallSchool

COLUMNS = ("sis_id", "number", "first_name", "last_name", "email", "graduation_year", "birth_date")
FIELDS = {"number": "student_number"}  # the other columns are named as our fields

ids = st.sampled_from(["1", "2", "3", "4", "5"])
students = st.fixed_dictionaries(
    {
        "sis_id": ids,
        "number": st.one_of(st.just(""), st.sampled_from(["1", "11", "12", "0012"])),
        "first_name": st.sampled_from(["Ana", "Ána", "Ben"]),
        "last_name": st.sampled_from(["O'Neil", "O’Neil", "Marsh"]),
        "email": st.sampled_from([f"s{number}@x.example" for number in range(6)]),
        "graduation_year": st.sampled_from(["2028", "2031"]),
        "birth_date": st.sampled_from(["", "2010-01-02", "2010-01-02", "2011-03-04"]),
    }
)
tables = st.lists(students, min_size=1, max_size=4)
steps = st.one_of(
    st.tuples(st.just("upload"), tables, st.sets(st.sampled_from(COLUMNS), max_size=2)),
    st.tuples(st.just("sync"), tables, st.booleans()),
    st.tuples(st.just("sync"), tables, st.booleans()),
    st.tuples(st.sampled_from(["protect", "keep", "never", "merge", "link"]), ids, ids),
)


class Person(NamedTuple):
    """An account as the two laws see it."""

    sis_id: str | None
    first_name: str
    last_name: str
    born: str
    email: str
    status: str

    @property
    def names(self) -> tuple[str, str]:
        return name_key(self.first_name), name_key(self.last_name)

    def is_like(self, other: "Person") -> bool:
        return bool(self.born) and (self.names, self.born) == (other.names, other.born)

    def is_somebody_else(self, other: "Person") -> bool:
        """Whether the name and the birth date differ, or both names and the e-mail."""
        if self.born and other.born:
            return self.born != other.born and self.names != other.names
        both_differ = all(
            one != another for one, another in zip(self.names, other.names, strict=True)
        )
        return both_differ and self.email != other.email


People = dict[Any, Person]


def people(school: School) -> People:
    accounts = StudentAccount.objects.filter(school=school).exclude(status=AccountStatus.MERGED)
    return {
        account.pk: Person(
            account.sis_id,
            account.first_name,
            account.last_name,
            str(account.birth_date or ""),
            account.email_key,
            account.status,
        )
        for account in accounts
    }


class World:
    """A school, its small PowerSchool, and what people decided."""

    def __init__(self, small: SmallSchool) -> None:
        self.small = small
        self.school = School.objects.create(name="Lincoln", timezone="UTC")
        self.integration: Integration = integrations.save_connection(
            self.school,
            None,
            integrations.ConnectionSettings(
                source="powerschool",
                variant="",
                choices={},
                credentials={
                    "client_id": small.client_id,
                    "client_secret": small.client_secret,
                    "client_url": small.server.url,
                },
                grades=[10],
                active=True,
                test_run=False,
                notify_on_errors=False,
            ),
        )
        policy = field_rules.LeaversPolicy(policy="deactivate", runs=1, days=0, rollover="07-01")
        field_rules.save_leavers(self.integration, None, policy)
        self.confirmed: set[tuple[Any, str]] = set()
        self.rejected: set[tuple[Any, str]] = set()

    def upload(self, table: list[dict[str, str]], left_out: set[str]) -> None:
        columns = [column for column in COLUMNS if column not in left_out]
        target = io.StringIO()
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
        only_existing = bool(left_out & {"first_name", "last_name", "email", "graduation_year"})
        try:
            draft = drafts.start(
                self.school,
                None,
                "students.csv",
                target.getvalue().encode(),
                date_order="year-month-day",
                only_existing=only_existing,
            )
            fields = {at: FIELDS.get(name, name) for at, name in enumerate(columns)}
            column_choice.save_columns(draft, None, header_row=1, fields=fields)
            run = previews.preview(draft, None)
            pipeline.run_sync(run.pk)
            if previews.confirm(draft, None):
                pipeline.run_sync(run.pk)
        except (SettingRefused, UploadRefused, RunRefused):
            return

    def set_roster(self, roster: list[dict[str, str]]) -> None:
        self.small.students = [
            powerschool_student(
                {
                    **{name: value for name, value in record.items() if value},
                    "id": int(record["sis_id"]),
                    "graduation_year": int(record["graduation_year"]),
                    "grade": 10,
                }
            )
            for record in roster
        ]

    def sync(self, roster: list[dict[str, str]], approve: bool) -> None:
        self.set_roster(roster)
        try:
            run = requests.request(self.integration, trigger=Trigger.PERSON).run
        except RunRefused:
            return
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert run.state in (RunState.DONE, RunState.ON_HOLD, RunState.FAILED)
        if run.state == RunState.ON_HOLD:
            self._decide(run, approve)

    def _decide(self, run: Run, approve: bool) -> None:
        if not approve:
            assert decisions.discard(run, None)
            return
        assert decisions.approve(run, None)
        pipeline.run_sync(run.pk)

    def account(self, sis_id: str) -> StudentAccount | None:
        accounts = StudentAccount.objects.filter(school=self.school, sis_id=sis_id)
        return accounts.exclude(status=AccountStatus.MERGED).first()

    def person_decides(self, what: str, one: str, other: str) -> None:
        account, second = self.account(one), self.account(other)
        if what == "never":
            never_import_list.add(self.school, None, sis_id=one)
        elif what == "link":
            self._decide_link(other in "135")
        elif account is None:
            return
        elif what == "protect":
            protection.protect(account, None)
        elif what == "keep":
            editing.edit(account, None, {}, keep=["first_name"])
        elif second is not None and second.pk != account.pk:
            try:
                merging.merge(account, second, None)
            except Refused:
                return

    def _decide_link(self, same: bool) -> None:
        proposal = link_decisions.undecided(self.school).first()
        if proposal is None:
            return
        pair = (proposal.account_id, proposal.sis_id)
        if not same:
            link_decisions.reject(proposal, None)
            self.rejected.add(pair)
            return
        try:
            link_decisions.confirm(proposal, None)
        except link_decisions.LinkRefused:
            return
        self.confirmed.add(pair)

    def check(self, before: People, after: People) -> None:
        for key, was in before.items():
            now = after.get(key)
            if now is None or (key, now.sis_id) in self.confirmed:
                continue
            assert not was.is_somebody_else(now), (was, now)
        for key in after.keys() - before.keys():
            self._check_new(key, before, after)

    def _check_new(self, key: Any, before: People, after: People) -> None:
        new = after[key]
        for other_key, other in after.items():
            if other_key == key or other.status != AccountStatus.ACTIVE:
                continue
            if (other_key, new.sis_id) in self.rejected:
                continue
            if other_key not in before and self._is_asked(new, other):
                continue
            assert not new.is_like(other), (new, other)

    def _is_asked(self, one: Person, other: Person) -> bool:
        """Whether the run that made both asks whether they are one person."""
        ids = (one.sis_id, other.sis_id)
        return Issue.objects.filter(code="new_students_alike", sis_id__in=ids).exists()


def play(played: list[Any]) -> None:
    with SmallSchool(0) as small:
        world = World(small)
        for what, first, second in played:
            before = people(world.school)
            if what == "upload":
                world.upload(first, second)
            elif what == "sync":
                world.sync(first, second)
            else:
                world.person_decides(what, first, second)
                continue
            world.check(before, people(world.school))


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(played=st.lists(steps, min_size=2, max_size=7))
def test_nobody_becomes_somebody_else(played: list[Any]) -> None:
    play(played)


def record(sis_id: str, email: str, first_name: str = "Ana") -> dict[str, str]:
    return {
        "sis_id": sis_id,
        "number": "",
        "first_name": first_name,
        "last_name": "Lee",
        "email": f"{email}@x.example",
        "graduation_year": "2028",
        "birth_date": "2010-01-02",
    }


@pytest.mark.django_db
def test_a_second_record_of_a_student_waits_until_a_person_decides() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        roster = [record("4", "first"), record("5", "twin", "Anna Bea")]
        world.sync(roster, True)
        roster.append(record("12", "later"))
        world.sync(roster, True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "5"}
        issue = Issue.objects.get(code="like_another_student")
        assert (issue.sis_id, issue.other) == ("12", "Ana Lee (SIS ID 4)")
        proposal = link_decisions.undecided(world.school).get()
        assert (proposal.sis_id, proposal.account.sis_id) == ("12", "4")
        link_decisions.reject(proposal, None)
        world.sync(roster, True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "5", "12"}


@pytest.mark.django_db
def test_two_new_students_who_are_alike_both_come_in_and_are_asked_about() -> None:
    with SmallSchool(0) as small:
        world = World(small)
        world.sync([record("12", "later"), record("4", "first")], True)
        assert {one.sis_id for one in people(world.school).values()} == {"4", "12"}
        issue = Issue.objects.get(code="new_students_alike")
        assert (issue.severity, issue.sis_id, issue.other) == (
            "note",
            "12",
            "Ana Lee (SIS ID 4)",
        )


@pytest.mark.crash
@pytest.mark.django_db
@settings(
    max_examples=10 * int(os.environ.get("CRASH_SEEDS", "30")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(played=st.lists(steps, min_size=2, max_size=12))
def test_nobody_becomes_somebody_else_in_many_more_orders(played: list[Any]) -> None:
    """By `make crash`, ten for each of its SEEDS."""
    play(played)
