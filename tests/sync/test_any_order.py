"""Weeks of a school in any order: what the SIS says changes, runs happen, people decide. An independent model says who must exist.

The model knows the promises of the product, not its code: it is given the stand-in's own list and keeps plain dictionaries. After every
run the accounts are compared field for field, and a second run changes nothing.
"""

from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from rollbook.schools.models import School
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students import accounts as deeds
from rollbook.students.models import StudentAccount
from rollbook.sync import integrations, pipeline, runs
from rollbook.sync.models import Integration, Mode, Run, RunState, Trigger

GRADES = (9, 10, 11, 12)
STUDENTS = 40  # of all grades; a dozen or so are in the chosen ones


class Held(NamedTuple):
    """What an account must hold."""

    email: str
    first_name: str
    last_name: str
    graduation_year: int
    birth_date: str


class Model:
    """Who must exist, by SIS ID, with which values."""

    def __init__(self) -> None:
        self.accounts: dict[str, Held] = {}
        self.deactivated: set[str] = set()

    def after_run(self, said: dict[str, Held]) -> "dict[str, Held]":
        """The accounts after a live run that read these records."""
        refused = self._refused(said)
        return self.accounts | {sis_id: held for sis_id, held in said.items() if sis_id not in refused}

    def _refused(self, said: dict[str, Held]) -> set[str]:
        """Records that may not go in: an address that two of them claim, another person's ID, an address that somebody keeps."""
        refused = {sis_id for sis_id, held in said.items() if self._is_somebody_else(sis_id, held)}
        claims: dict[str, list[str]] = {}
        for sis_id, held in said.items():
            claims.setdefault(held.email.lower(), []).append(sis_id)
        refused |= {sis_id for sharing in claims.values() if len(sharing) > 1 for sis_id in sharing}
        while True:
            kept: dict[str, set[str]] = {}
            for sis_id in self.accounts:
                kept.setdefault(self._email_after(sis_id, said, refused), set()).add(sis_id)
            late = {
                sis_id
                for sis_id, held in said.items()
                if sis_id not in refused and self._claims_anew(sis_id, held) and kept.get(held.email.lower(), set()) - {sis_id}
            }
            if not late:
                return refused
            refused |= late

    def _is_somebody_else(self, sis_id: str, held: Held) -> bool:
        was = self.accounts.get(sis_id)
        if was is None:
            return False
        same_name = (was.first_name.lower(), was.last_name.lower()) == (held.first_name.lower(), held.last_name.lower())
        return not same_name and was.birth_date != held.birth_date

    def _claims_anew(self, sis_id: str, held: Held) -> bool:
        was = self.accounts.get(sis_id)
        return was is None or was.email.lower() != held.email.lower()

    def _email_after(self, sis_id: str, said: dict[str, Held], refused: set[str]) -> str:
        moves = sis_id in said and sis_id not in refused
        return (said[sis_id] if moves else self.accounts[sis_id]).email.lower()


class Weeks(RuleBasedStateMachine):
    """One school and its SIS."""

    standin: StandIn
    integration: Integration

    @initialize(seed=st.integers(1, 10_000))
    def connect(self, seed: int) -> None:
        self.standin = powerschool.serve(students=STUDENTS, seed=seed, clean=True)
        self.school = School.objects.create(name=f"School {seed}", timezone="UTC")
        self.integration = integrations.save_connection(
            self.school,
            None,
            source="powerschool",
            variant="",
            choices={},
            credentials={"client_id": self.standin.client_id, "client_secret": self.standin.client_secret, "client_url": self.standin.url},
            grades=list(GRADES),
            active=True,
            test_run=False,
            notify_on_errors=False,
        )
        self.model = Model()
        everybody = [one for one in self.standin.roster() if one.enroll_status == 0]
        self.people = [one.dcid for one in everybody if one.grade_level in GRADES]
        self.held: Run | None = None

    def teardown(self) -> None:
        if hasattr(self, "standin"):
            self.standin.stop()

    def said(self) -> dict[str, Held]:
        """The records that the chosen grades give, as the SIS has them now."""
        return {
            str(one.dcid): Held(one.email, one.first_name, one.last_name, one.graduation_year, one.birth_date)
            for one in self.standin.roster()
            if one.enroll_status == 0 and one.grade_level in GRADES and one.email
        }

    def somebody(self, pick: int) -> int:
        return self.people[pick % len(self.people)]

    def of(self, dcid: int) -> Any:
        return next(one for one in self.standin.roster() if one.dcid == dcid)

    # --- what happens in the SIS

    @rule(pick=st.integers(0, 99), name=st.sampled_from(["Zoë", "Lee", "O'Neil", "van der Berg"]), last=st.booleans())
    def rename(self, pick: int, name: str, last: bool) -> None:
        self.standin.edit(self.somebody(pick), **{"last_name" if last else "first_name": name})

    @rule(pick=st.integers(0, 99), number=st.integers(1, 5))
    def new_address(self, pick: int, number: int) -> None:
        self.standin.edit(self.somebody(pick), email=f"fresh{number}@students.example")

    @rule(pick=st.integers(0, 99), other=st.integers(0, 99))
    def address_of_another(self, pick: int, other: int) -> None:
        self.standin.edit(self.somebody(pick), email=self.of(self.somebody(other)).email)

    @rule(pick=st.integers(0, 99), other=st.integers(0, 99))
    def swap_addresses(self, pick: int, other: int) -> None:
        one, two = self.of(self.somebody(pick)), self.of(self.somebody(other))
        self.standin.edit(one.dcid, email=two.email)
        self.standin.edit(two.dcid, email=one.email)

    @rule(pick=st.integers(0, 99), empty=st.booleans())
    def address_missing(self, pick: int, empty: bool) -> None:
        self.standin.edit(self.somebody(pick), email="" if empty else f"back{pick}@students.example")

    @rule(pick=st.integers(0, 99))
    def id_of_another_person(self, pick: int) -> None:
        self.standin.edit(self.somebody(pick), first_name="Somebody", last_name="Else", birth_date="2009-09-09")

    @rule(pick=st.integers(0, 99), here=st.booleans())
    def leave_or_come_back(self, pick: int, here: bool) -> None:
        self.standin.edit(self.somebody(pick), enroll_status=0 if here else 2)

    # --- what people and clocks do

    @precondition(lambda self: self.held is None)
    @rule()
    def test_run(self) -> None:
        run = self._run(Mode.TEST)
        assert run.state == RunState.DONE

    @precondition(lambda self: self.held is None)
    @rule()
    def live_run(self) -> None:
        expected = self.model.after_run(self.said())
        run = self._run(Mode.LIVE)
        if run.state == RunState.ON_HOLD:
            self.held, self.expected = run, expected
            return
        assert (run.state, run.error_what) == (RunState.DONE, "")
        self.model.accounts = expected

    @precondition(lambda self: self.held is None and self.model.accounts)
    @rule(pick=st.integers(0, 99), close=st.booleans())
    def by_hand(self, pick: int, close: bool) -> None:
        sis_id = sorted(self.model.accounts)[pick % len(self.model.accounts)]
        account = StudentAccount.objects.get(school=self.school, sis_id=sis_id)
        if close:
            deeds.deactivate(self.school, [account.pk], None)
            self.model.deactivated.add(sis_id)
        else:
            deeds.reactivate(self.school, [account.pk], None)
            self.model.deactivated.discard(sis_id)

    @precondition(lambda self: self.held is not None)
    @rule(approve=st.booleans())
    def decide(self, approve: bool) -> None:
        assert self.held is not None
        if approve:
            assert runs.approve(self.held, None)
            pipeline.run_sync(self.held.pk)
            self.model.accounts = self.expected
        else:
            assert runs.discard(self.held, None)
        self.held.refresh_from_db()
        assert self.held.state == (RunState.DONE if approve else RunState.DISCARDED)
        self.held = None

    def _run(self, mode: Mode) -> Run:
        requested = runs.request(self.integration, trigger=Trigger.PERSON, mode=mode)
        assert requested.created
        pipeline.run_sync(requested.run.pk)
        requested.run.refresh_from_db()
        return requested.run

    # --- what must always be so

    @invariant()
    def accounts_are_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        found = {
            account.sis_id: Held(
                account.email,
                account.first_name,
                account.last_name,
                account.graduation_year or 0,
                (account.birth_date or "") and str(account.birth_date),
            )
            for account in StudentAccount.objects.filter(school=self.school)
        }
        assert found == self.model.accounts
        closed = StudentAccount.objects.filter(school=self.school).exclude(status="active").values_list("sis_id", flat=True)
        assert set(closed) == self.model.deactivated


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_accounts_are_as_the_model_says_whatever_happens_in_any_order() -> None:
    run_state_machine_as_test(
        Weeks,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
