"""Random weeks of a school, then any earlier run undone: a model says what accounts hold then."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, event, example, given, settings
from hypothesis import strategies as st

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students import accounts, editing
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Issue, Run, RunState
from rollbook.sync.setup import integrations
from tests.sync.test_undo import sync, undone

FIELDS = ("email", "first_name", "last_name", "status")
PEOPLE = 3  # of the school, who are in grades 9 to 12
NAMES = ("Zoë", "Lee", "O'Neil")
ADDRESSES = [f"pool{number}@students.example" for number in range(3)]

Values = dict[str, str]
Everybody = dict[str, Values]  # by SIS ID


class Stays(NamedTuple):
    """What an undo lists: what it leaves alone, and what it restores though it came again."""

    code: str
    sis_id: str | None
    name: str
    field: str
    value: str


class Written(NamedTuple):
    """A live run: the accounts it made, and its changes (before, after) by account and field.

    `at` is the number of writes that came before its end.
    """

    run: Run
    made: set[str]
    changed: dict[tuple[str, str], tuple[str, str]]
    at: int


class Model:
    """What the accounts hold, by what the product promises."""

    def __init__(self) -> None:
        self.held: Everybody = {}
        self.runs: list[Written] = []
        self.writes: list[tuple[str, str]] = []  # account and field of each change, in order

    def run(self, run: Run, said: Everybody) -> None:
        """The SIS wins: each account gets its values, new students an account. None is closed."""
        before = {sis_id: dict(values) for sis_id, values in self.held.items()}
        for sis_id, values in said.items():
            self.held[sis_id] = {"status": "active", **self.held.get(sis_id, {}), **values}
        changed = {
            (sis_id, field): (was, self.held[sis_id][field])
            for sis_id, values in before.items()
            for field, was in values.items()
            if self.held[sis_id][field] != was
        }
        self.writes.extend(changed)
        if (made := said.keys() - before.keys()) or changed:
            self.runs.append(Written(run, set(made), changed, len(self.writes)))

    def by_hand(self, sis_id: str, field: str, value: str) -> None:
        """A person writes a value."""
        if self.held[sis_id][field] != value:
            self.held[sis_id][field] = value
            self.writes.append((sis_id, field))

    def undo(self, written: Written) -> tuple[Everybody, set[Stays]]:
        """The accounts after an undo of this run, and what it has to list."""
        back: dict[tuple[str, str], str] = {}
        stays: set[Stays] = set()
        for (sis_id, field), (was, became) in written.changed.items():
            now = self.held[sis_id][field]
            if now == became:
                back[sis_id, field] = was
            elif now != was:
                stays.add(self._stays("changed_since", sis_id, field, now))
        while taken := list(self._taken(back)):
            for sis_id in taken:
                stays.add(
                    self._stays("address_taken_since", sis_id, "email", back.pop((sis_id, "email")))
                )
        after = {sis_id: dict(values) for sis_id, values in self.held.items()}
        for (sis_id, field), was in back.items():
            after[sis_id][field] = was
        for sis_id in written.made:
            after[sis_id]["status"] = "deactivated"
            if self.held[sis_id]["status"] == "active":
                back[sis_id, "status"] = "deactivated"
        for sis_id, field in back.keys() & set(self.writes[written.at :]):
            now = self.held[sis_id][field]
            stays.add(self._stays("written_again_since", sis_id, field, now))
        return after, stays

    def _taken(self, back: dict[tuple[str, str], str]) -> Iterable[str]:
        """Those whose address belongs to somebody who keeps it."""
        kept = {
            values["email"] for sis_id, values in self.held.items() if (sis_id, "email") not in back
        }
        return (sis_id for (sis_id, field), was in back.items() if field == "email" and was in kept)

    def _stays(self, code: str, sis_id: str, field: str, value: str) -> Stays:
        return Stays(
            code, sis_id, "{first_name} {last_name}".format(**self.held[sis_id]), field, value
        )


class Weeks:
    """One school and its SIS. A step is a name and two numbers that pick whom and what."""

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self.school = School.objects.create(name="Lincoln High School", timezone="UTC")
        login = {
            "client_id": standin.client_id,
            "client_secret": standin.client_secret,
            "client_url": standin.url,
        }
        told: dict[str, Any] = {
            "source": "powerschool",
            "variant": "",
            "choices": {},
            "credentials": login,
            "grades": [9, 10, 11, 12],
        }
        switches: dict[str, Any] = {"active": True, "test_run": False, "notify_on_errors": False}
        self.integration: Integration = integrations.save_connection(
            self.school, None, integrations.ConnectionSettings(**told, **switches)
        )
        everybody = [one.dcid for one in standin.roster() if one.grade_level in (9, 10, 11, 12)]
        self.people = everybody[:PEOPLE]
        for number, dcid in enumerate(everybody):
            here = dcid in self.people[1:]  # the first joins later, if at all
            standin.edit(
                dcid, enroll_status=0 if here else 2, email=f"first{number}@students.example"
            )
        self.model = Model()
        self.live_run(0, 0)

    def said(self) -> Everybody:
        here = [
            one
            for one in self.standin.roster()
            if one.dcid in self.people and one.enroll_status == 0
        ]
        return {
            str(one.dcid): {
                "email": one.email,
                "first_name": one.first_name,
                "last_name": one.last_name,
            }
            for one in here
        }

    def live_run(self, _who: int, _what: int) -> None:
        self.model.run(sync(self.integration), self.said())
        assert self.held() == self.model.held

    def rename(self, who: int, what: int) -> None:
        self.standin.edit(
            self.people[who], **{"last_name" if what % 2 else "first_name": NAMES[what % 3]}
        )

    def free_address(self, who: int, what: int) -> None:
        """One that nobody in the SIS has at the moment; somebody may have had it before."""
        what %= len(ADDRESSES)
        if ADDRESSES[what] not in {one.email for one in self.standin.roster()}:
            self.standin.edit(self.people[who], email=ADDRESSES[what])

    def swap(self, who: int, what: int) -> None:
        emails = {one.dcid: one.email for one in self.standin.roster()}
        one, other = self.people[who], self.people[what % PEOPLE]
        self.standin.edit(one, email=emails[other])
        self.standin.edit(other, email=emails[one])

    def join(self, _who: int, _what: int) -> None:
        self.standin.edit(self.people[0], enroll_status=0)

    def by_hand(self, who: int, what: int) -> None:
        account = StudentAccount.objects.filter(school=self.school, sis_id=self.people[who]).first()
        if account is None:
            return
        field = ("last_name", "first_name", "email")[what % 3]
        value = f"hand{who}@staff.example" if field == "email" else NAMES[what % 3]
        editing.edit(account, None, {field: value})
        self.model.by_hand(str(account.sis_id), field, value)

    def close_or_open(self, who: int, what: int) -> None:
        account = StudentAccount.objects.filter(school=self.school, sis_id=self.people[who]).first()
        if account is not None:
            (accounts.deactivate if what % 2 else accounts.reactivate)(
                self.school, [account.pk], None
            )
            status = "deactivated" if what % 2 else "active"
            self.model.by_hand(str(account.sis_id), "status", status)

    def held(self) -> Everybody:
        found = StudentAccount.objects.filter(school=self.school).values_list("sis_id", *FIELDS)
        return {sis_id: dict(zip(FIELDS, values, strict=True)) for sis_id, *values in found}


who, what = st.integers(0, PEOPLE - 1), st.integers(0, 5)
in_the_sis = st.tuples(
    st.sampled_from(("rename", "rename", "free_address", "free_address", "swap", "join")), who, what
)
in_the_app = st.tuples(st.sampled_from(("by_hand", "by_hand", "close_or_open")), who, what)
week = st.tuples(
    st.lists(in_the_sis, min_size=3, max_size=6),
    st.just([("live_run", 0, 0)]),
    st.lists(in_the_app, min_size=1, max_size=3),
)

# One student gives up an address, and another gets it in a later run: undoing the second week
# can't give it back.
HANDED_ON = [
    ([("join", 0, 0), ("free_address", 0, 0)], [("live_run", 0, 0)], []),
    ([("free_address", 0, 1), ("rename", 1, 1)], [("live_run", 0, 0)], [("by_hand", 1, 0)]),
    ([("free_address", 2, 0)], [("live_run", 0, 0)], []),
]


@pytest.mark.slow
@pytest.mark.django_db
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@example(weeks=HANDED_ON, which=2)
@given(weeks=st.lists(week, min_size=2, max_size=3), which=st.sampled_from((0, 1, 1, 1, 2, 2)))
def test_any_earlier_run_is_undone_as_the_model_says_and_back_again(
    weeks: list[Any], which: int
) -> None:
    with powerschool.serve(students=40, seed=3, clean=True) as standin:
        school = Weeks(standin)
        for name, who, what in chain.from_iterable(chain.from_iterable(weeks)):
            getattr(school, name)(who, what)
        before = school.held()
        assert before == school.model.held
        written = school.model.runs[min(which, len(school.model.runs) - 1)]
        after, stays = school.model.undo(written)
        undoing = undone(written.run)
        assert school.held() == after
        assert {
            Stays(*row)
            for row in Issue.objects.filter(run=undoing).values_list(
                "code", "sis_id", "name", "field", "value"
            )
        } == stays
        event(", ".join(sorted({each.code for each in stays})) or "all goes back")
        if after != before:
            undone(undoing)
            assert school.held() == before
            written.run.refresh_from_db()
            assert written.run.state == RunState.DONE
