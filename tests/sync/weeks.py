"""One school and its SIS, week after week: changes in the SIS and by people, in any order."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students import (
    accounts,
    editing,
    freeing,
    merging,
    never_import_list,
    protection,
)
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync.models import Integration
from rollbook.sync.setup import field_rules, integrations, link_decisions
from tests.sync.weeks_model import Model
from tests.sync.weeks_plan import FIELDS, SIS, Roster

GRADES = (9, 10, 11, 12)
STUDENTS = 40  # of all grades
PEOPLE = 10  # of the chosen ones; as many more IDs wait for somebody

somebody = st.one_of(
    st.integers(0, 3), st.integers(0, 2 * PEOPLE - 1)
)  # most things happen to a few, or they would never meet
names = st.sampled_from(["Zoë", "Zoe", "Lee", "O'Neil", "van der Berg"])
values = st.one_of(
    st.tuples(st.sampled_from(["first_name", "last_name"]), names),
    st.tuples(
        st.just("email"), st.sampled_from([f"typed{number}@students.example" for number in (1, 2)])
    ),
    st.tuples(st.just("graduation_year"), st.sampled_from(["2024", "2031"])),
    st.tuples(st.just("birth_date"), st.sampled_from(["2010-02-03", "2009-09-09"])),
)


def deed(
    which: str, /, **told: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Something that may happen: the method of `Weeks` that does it, and what it is told."""
    return st.tuples(st.just(which), st.fixed_dictionaries(told))


IN_THE_SIS = st.one_of(
    deed("rename", pick=somebody, name=names, last=st.booleans()),
    deed("new_address", pick=somebody, number=st.integers(1, 5)),
    deed("address_of_another", pick=somebody, other=somebody),
    deed("swap_addresses", pick=somebody, other=somebody),
    deed(
        "address_otherwise", pick=somebody, kind=st.sampled_from(["empty", "back", "in capitals"])
    ),
    deed("birth_date", pick=somebody, known=st.booleans()),
    deed("id_of_another_person", pick=somebody),
    deed("leave_or_come_back", pick=somebody, here=st.booleans()),
    deed("move_grade", pick=somebody, grade=st.sampled_from([7, 9, 12])),
    deed("come_back_under_a_new_id", pick=somebody),
    deed("enter_twice", pick=somebody),
    deed("everybody_gets_a_new_id", really=st.sampled_from([False, False, True])),
    deed("a_field_moves", what=st.sampled_from(["", "", "names", "emails"])),
    deed("put_right", pick=somebody),
    deed("put_right", pick=somebody),
)
BY_PEOPLE = st.one_of(
    deed("close_or_open", pick=somebody, close=st.booleans()),
    deed("edit", pick=somebody, typed=values, keep=st.booleans()),
    deed("lock_or_unlock", pick=somebody, name=st.sampled_from(FIELDS), on=st.booleans()),
    deed("protect_or_not", pick=somebody, on=st.booleans()),
    deed("never_import", pick=somebody, by_address=st.booleans()),
    deed("allow_import_again"),
    deed("free_address", pick=somebody),
    deed("merge", pick=somebody, other=somebody),
    deed("correct_sis_id", pick=somebody, number=somebody),
    deed("decide_link", pick=somebody, same=st.booleans()),
    deed("decide_link", pick=somebody, same=st.booleans()),
    deed("rule_for_leavers", runs=st.sampled_from([None, 1, 2])),
    deed(
        "rules_for_fields",
        app_wins=st.sets(st.sampled_from(FIELDS), max_size=2),
        clears=st.booleans(),
    ),
    deed("choose_grades", grades=st.sampled_from([GRADES, GRADES, GRADES[:3]])),
)

FOR_ALL = (
    "never_import",
    "allow_import_again",
    "rule_for_leavers",
    "rules_for_fields",
    "choose_grades",
)
Deeds = list[tuple[str, dict[str, Any]]]
some_deeds = st.lists(st.one_of(IN_THE_SIS, BY_PEOPLE), min_size=1, max_size=7)


def known_as(field: str) -> str:
    """Return what the stand-in calls a field of ours."""
    return "local_id" if field == "student_number" else field


class Weeks(RuleBasedStateMachine):
    """The SIS, the people, and the model that is told of it."""

    standin: StandIn
    integration: Integration
    model: Model
    stored: dict[int, UUID]  # the account behind each key of the model, which never changes
    grades: tuple[int, ...] = GRADES

    @initialize(seed=st.integers(1, 10_000), closes_after=st.sampled_from([None, 1, 2]))
    def connect(self, seed: int, closes_after: int | None) -> None:
        self.standin = powerschool.serve(students=STUDENTS, seed=seed, clean=True)
        self.school = School.objects.create(name=f"School {seed}", timezone="UTC")
        self.integration = integrations.save_connection(
            self.school,
            None,
            integrations.ConnectionSettings(
                source="powerschool",
                variant="",
                choices={},
                credentials={
                    "client_id": self.standin.client_id,
                    "client_secret": self.standin.client_secret,
                    "client_url": self.standin.url,
                },
                grades=list(GRADES),
                active=True,
                test_run=False,
                notify_on_errors=False,
            ),
        )
        self.model, self.stored = Model(), {}
        self.rule_for_leavers(closes_after)
        self.ids = [one.dcid for one in self.standin.roster()][: 2 * PEOPLE]
        for at, dcid in enumerate(self.ids):
            self.standin.edit(
                dcid,
                enroll_status=0 if at < PEOPLE else 2,
                grade_level=9 + at % 4,
                graduation_year=2030 - at % 4,
            )
        for one in self.standin.roster():
            if one.dcid not in self.ids and one.grade_level in GRADES:
                self.standin.edit(one.dcid, enroll_status=2)

    def teardown(self) -> None:
        if hasattr(self, "standin"):
            self.standin.stop()

    def roster(self) -> Roster:
        """What the SIS would answer now."""
        here = [one for one in self.standin.roster() if one.enroll_status == 0]
        chosen = [one for one in here if one.grade_level in self.grades]
        return Roster(
            {
                str(one.dcid): {name: str(getattr(one, known_as(name))) for name in FIELDS}
                for one in chosen
                if one.email
            },
            frozenset(str(one.dcid) for one in chosen if not one.email),
            frozenset(str(one.dcid) for one in here),
        )

    def of(self, pick: int) -> Any:
        """What the SIS has under one of the IDs."""
        dcid = self.ids[pick % len(self.ids)]
        return next(one for one in self.standin.roster() if one.dcid == dcid)

    def account(self, pick: int) -> tuple[int, StudentAccount]:
        """One account, by the model's key and as it is stored."""
        keys = sorted(self.model.students)
        key = keys[pick % len(keys)]
        return key, StudentAccount.objects.get(school=self.school, pk=self.stored[key])

    def happens(self, deeds: Deeds) -> None:
        for which, told in deeds:
            getattr(self, which)(**told)
            self.model.deeds += which in FOR_ALL

    # --- what happens in the SIS

    def rename(self, pick: int, name: str, last: bool) -> None:
        self.standin.edit(self.of(pick).dcid, **{"last_name" if last else "first_name": name})

    def new_address(self, pick: int, number: int) -> None:
        self.standin.edit(self.of(pick).dcid, email=f"fresh{number}@students.example")

    def address_of_another(self, pick: int, other: int) -> None:
        self.standin.edit(self.of(pick).dcid, email=self.of(other).email)

    def swap_addresses(self, pick: int, other: int) -> None:
        one, two = self.of(pick), self.of(other)
        self.standin.edit(one.dcid, email=two.email)
        self.standin.edit(two.dcid, email=one.email)

    def address_otherwise(self, pick: int, kind: str) -> None:
        one = self.of(pick)
        wanted = {
            "empty": "",
            "back": f"back{pick}@students.example",
            "in capitals": one.email.upper(),
        }
        self.standin.edit(one.dcid, email=wanted[kind])

    def birth_date(self, pick: int, known: bool) -> None:
        self.standin.edit(self.of(pick).dcid, birth_date="2010-02-03" if known else "")

    def id_of_another_person(self, pick: int) -> None:
        self.standin.edit(
            self.of(pick).dcid, first_name="Somebody", last_name="Else", birth_date="2009-09-09"
        )

    def leave_or_come_back(self, pick: int, here: bool) -> None:
        self.standin.edit(self.of(pick).dcid, enroll_status=0 if here else 2)

    def move_grade(self, pick: int, grade: int) -> None:
        self.standin.edit(self.of(pick).dcid, grade_level=grade, graduation_year=2027 + 12 - grade)

    def come_back_under_a_new_id(self, pick: int) -> None:
        self._re_key([self.of(pick)])

    def enter_twice(self, pick: int) -> None:
        """Enter a student a second time, under an ID that nobody has, with an own e-mail."""
        one = self.of(pick)
        free = [self.of(at) for at in range(len(self.ids)) if self.of(at).enroll_status != 0]
        if one.enroll_status != 0 or not free:
            return
        same = {known_as(name): getattr(one, known_as(name)) for name in FIELDS}
        dcid = free[0].dcid
        same["email"] = f"second{dcid}@students.example"
        self.standin.edit(dcid, enroll_status=0, grade_level=one.grade_level, **same)

    def everybody_gets_a_new_id(self, really: bool) -> None:
        if really:
            self._re_key([self.of(at) for at in range(len(self.ids))])

    def a_field_moves(self, what: str) -> None:
        """Everybody's first and last names change places, or all e-mails go or come back."""
        everybody = [one for one in self.standin.roster() if one.dcid in self.ids]
        some_email = any(one.email for one in everybody)
        for one in everybody:
            if what == "names":
                self.standin.edit(one.dcid, first_name=one.last_name, last_name=one.first_name)
            elif what == "emails":
                own = f"own{one.dcid}@students.example"
                self.standin.edit(one.dcid, email="" if some_email else own)

    def put_right(self, pick: int) -> None:
        """Give a student an own address, and the name and birth date that the account holds."""
        one = self.of(pick)
        key = self.model.linked_ids().get(str(one.dcid))
        held = self.model.accounts[key].values if key is not None else {}
        was = {name: held[name] for name in ("first_name", "last_name", "birth_date") if held}
        self.standin.edit(one.dcid, email=f"own{one.dcid}@students.example", **was)

    def _re_key(self, people: list[Any]) -> None:
        everybody = [self.of(at) for at in range(len(self.ids))]
        free = [one.dcid for one in everybody if one.enroll_status != 0]
        for one, dcid in zip([one for one in people if one.enroll_status == 0], free, strict=False):
            self.standin.edit(
                dcid,
                grade_level=one.grade_level,
                enroll_status=0,
                **{known_as(name): getattr(one, known_as(name)) for name in FIELDS},
            )
            self.standin.edit(one.dcid, enroll_status=2)

    # --- what people do to single students, and decide for all

    def close_or_open(self, pick: int, close: bool) -> None:
        if not self.model.accounts:
            return
        key, account = self.account(pick)
        (accounts.deactivate if close else accounts.reactivate)(self.school, [account.pk], None)
        if close:
            self.model.close(key)
        elif self.model.can_open(key):
            self.model.open(key)

    def free_address(self, pick: int) -> None:
        if not self.model.accounts:
            return
        key, account = self.account(pick)
        one = self.model.accounts[key]
        if one.status == "active" or not one.address:
            with pytest.raises(Refused):
                freeing.free_email(account, None)
            return
        freeing.free_email(account, None)
        self.model.free_address(key)

    def merge(self, pick: int, other: int) -> None:
        if len(self.model.students) < 2:
            return
        key, account = self.account(pick)
        other_key, second = self.account(other)
        if key != other_key:
            merging.merge(account, second, None)
            self.model.merge(key, other_key)

    def correct_sis_id(self, pick: int, number: int) -> None:
        self.edit(pick, ("sis_id", str(self.ids[number % len(self.ids)])), keep=False)

    def decide_link(self, pick: int, same: bool) -> None:
        pairs = sorted(self.model.open_proposals())
        if not pairs:
            return
        sis_id, key = pairs[pick % len(pairs)]
        proposals = link_decisions.proposals(self.school, SIS)
        proposal = proposals.get(sis_id=sis_id, account=self.stored[key])
        if not self.model.decide_link(sis_id, key, same):
            with pytest.raises(link_decisions.LinkRefused):
                link_decisions.confirm(proposal, None)
            return
        (link_decisions.confirm if same else link_decisions.reject)(proposal, None)

    def edit(self, pick: int, typed: tuple[str, str], keep: bool) -> None:
        if not self.model.accounts:
            return
        name, value = typed
        key, account = self.account(pick)
        kept = [name] if keep else []
        if not self.model.can_edit(key, name, value):
            with pytest.raises(Refused):
                editing.edit(account, None, {name: value}, keep=kept)
            return
        editing.edit(account, None, {name: value}, keep=kept)
        self.model.edit(key, name, value)
        if keep:
            self.model.lock(key, name, True)

    def lock_or_unlock(self, pick: int, name: str, on: bool) -> None:
        if not self.model.accounts:
            return
        key, account = self.account(pick)
        (protection.lock if on else protection.unlock)(account, None, [name])
        self.model.lock(key, name, on)

    def protect_or_not(self, pick: int, on: bool) -> None:
        if not self.model.accounts:
            return
        key, account = self.account(pick)
        (protection.protect if on else protection.unprotect)(account, None)
        self.model.protect(key, on)

    def never_import(self, pick: int, by_address: bool) -> None:
        one = self.of(pick)
        if by_address and one.email:
            never_import_list.add(self.school, None, email=one.email)
            self.model.never_addresses.add(one.email.lower())
        else:
            never_import_list.add(self.school, None, sis_id=str(one.dcid))
            self.model.never_ids.add(str(one.dcid))

    def allow_import_again(self) -> None:
        for entry in NeverImport.objects.filter(school=self.school):
            never_import_list.remove(entry, None)
        self.model.never_ids, self.model.never_addresses = set(), set()

    def rule_for_leavers(self, runs: int | None) -> None:
        policy = "list" if runs is None else "deactivate"
        field_rules.save_leavers(
            self.integration,
            None,
            field_rules.LeaversPolicy(policy=policy, runs=runs or 1, days=0, rollover="07-01"),
        )
        self.model.closes_after = runs

    def rules_for_fields(self, app_wins: set[str], clears: bool) -> None:
        blank_clears = {"birth_date", "gender"} - app_wins if clears else set()
        field_rules.save_field_rules(
            self.integration, None, app_wins=app_wins, blank_clears=blank_clears
        )
        self.model.ours, self.model.clears = frozenset(app_wins), frozenset(blank_clears)

    def choose_grades(self, grades: tuple[int, ...]) -> None:
        self.grades = grades
        self.integration.grades = list(grades)
        self.integration.save()

    def today(self) -> date:
        return timezone.now().date()  # the school's zone is UTC
