"""Weeks of a school in any order: the SIS changes, runs happen, people decide.

An independent model says who must exist. After every step the accounts are compared field by field.
Every plan, of a test run too, is the one that the model makes. After a run, another one would
change nothing.
"""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync import undoing as undo
from rollbook.sync.models import Change, Issue, LinkProposal, Mode, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import decisions, requests
from tests.sync import weeks_undo_model as undo_model
from tests.sync.weeks import Deeds, some_deeds, somebody
from tests.sync.weeks_plan import CLOSED_BY_RUNS, FIELDS, Plan
from tests.sync.weeks_undo_model import Done, Undo
from tests.sync.weeks_uploads import Uploads, files, shown

WRITING = ("new", "linked", "updated", "returning", *CLOSED_BY_RUNS)


class Runs(Uploads):
    """Runs and uploads of those weeks, and what is decided about them."""

    held: tuple[Run, Plan] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[Run, Done]] = []

    @precondition(lambda self: self.held is None)
    @rule(
        deeds=some_deeds,
        mode=st.sampled_from([Mode.LIVE, Mode.LIVE, Mode.TEST]),
        only_adds=st.sampled_from([False, False, True]),
    )
    def week(self, deeds: Deeds, mode: Mode, only_adds: bool) -> None:
        """Things happen, and then a run, at times one in a pause that only adds."""
        self.happens(deeds)
        if mode == Mode.LIVE and self._refuses_first_run():
            return
        run, plan = self._run(mode, only_adds)
        if mode == Mode.LIVE and plan.clashes and not self.model.linked_ids():
            assert (run.state, run.error_code) == (RunState.FAILED, "links_undecided")
            return
        if run.state == RunState.ON_HOLD:
            self.held = run, plan
            return
        assert (run.state, run.error_what) == (RunState.DONE, "")
        if mode == Mode.LIVE:
            still_linked = self.model.linked_ids()
            written = self.model.apply(plan)
            # A SIS ID comes back whose account was confirmed to have another one, not sent now.
            late = [row for row in plan.rows if row not in written]
            assert all(row.kind == "new" and row.sis_id in still_linked for row in late)
            self._finished(run, Done({row.key: row for row in written}))
            if not late:
                self._changes_nothing()

    @precondition(lambda self: self.held is not None)
    @rule(deeds=some_deeds, approve=st.sampled_from(["all", "additions", ""]))
    def decide(self, deeds: Deeds, approve: str) -> None:
        """Things happen while a run is on hold, and then somebody decides."""
        assert self.held is not None
        run, plan = self.held
        self.happens(deeds)
        self.held = None
        if not approve:
            assert decisions.discard(run, None)
            assert self._ended(run) == RunState.DISCARDED
            return
        assert decisions.approve(run, None, additions_only=approve == "additions")
        pipeline.run_sync(run.pk)
        assert self._ended(run) == RunState.DONE
        additions_only = approve == "additions"
        written = self.model.apply(plan, additions_only=additions_only)
        alarms = {alarm["code"] for alarm in run.alarms}
        self.model.settle(plan, run.pk, alarms, additions_only=additions_only)
        self._finished(run, Done({row.key: row for row in written}))
        if written == plan.rows and self.roster() == plan.roster and self.model.deeds == plan.deeds:
            self._changes_nothing()

    @rule(told=files, deeds=some_deeds, meanwhile=st.booleans(), wanted=st.integers(0, 5))
    def upload(self, told: dict[str, Any], deeds: Deeds, meanwhile: bool, wanted: int) -> None:
        """Preview a file; let things happen, at times a run too; then confirm it, mostly."""
        previewed = self.preview(told)
        self.happens(deeds if wanted % 2 else [])
        if meanwhile and self.held is None:
            self.week([], Mode.LIVE, only_adds=False)
        if not wanted:
            return
        if not self.confirm(previewed):
            assert self.held is not None
            return
        rows = [row for row in previewed.plan.rows if not self.model.brings_in_unwanted(row)]
        written = self.model.write(rows)
        self._finished(previewed.run, Done({row.key: row for row in written}))

    @precondition(lambda self: self.held is None and self.done)
    @rule(
        pick=st.integers(0, 4),
        alone=st.one_of(st.none(), somebody),
        deeds=some_deeds,
        meanwhile=st.booleans(),
    )
    def take_back(self, pick: int, alone: int | None, deeds: Deeds, meanwhile: bool) -> None:
        """Preview undoing one of the last runs, or what it did to one student; let things happen;
        then confirm.
        """
        run, done = self.done[-1 - pick % len(self.done)]
        student = (
            None if alone is None or not done.rows else sorted(done.rows)[alone % len(done.rows)]
        )
        of = None if student is None else self.stored[student]
        if not done.can_be_undone(student):
            with pytest.raises(RunRefused):
                undo.preview(run, None, of)
            return
        undoing = undo.preview(run, None, of)
        planned = undo_model.plan(self.model, done, student)
        self._is_planned(undoing, planned)
        self.happens(deeds)
        if meanwhile:
            self.week([], Mode.LIVE, only_adds=False)
        if self.held is not None or not done.can_be_undone(None):
            with pytest.raises(RunRefused):
                undo.confirm(undoing, None)
            return
        assert undo.confirm(undoing, None)
        pipeline.run_sync(undoing.pk)
        assert self._ended(undoing) == RunState.DONE
        written = self.model.write(planned.rows)
        undone = Done({row.key: row for row in written}, undoes=done, student=student)
        undo_model.settle(undone)
        self.model.unsettle(run.pk, student)
        self._finished(undoing, undone)

    def _is_planned(self, undoing: Run, planned: Undo) -> None:
        """The preview says what the model says: values that go back, and what stays."""
        changes = Change.objects.filter(run=undoing).values_list("account_id", "before", "after")
        found = {account: (shown(before), shown(after)) for account, before, after in changes}
        assert found == {
            self.stored[row.key]: (shown(row.before), shown(row.after)) for row in planned.rows
        }
        # What came again is listed too: `test_undo_at_random` has a model of that.
        again = ("written_again_since", "made_again_since")
        left_alone = Issue.objects.filter(run=undoing).exclude(code__in=again)
        assert sorted(left_alone.values_list("field", flat=True)) == planned.stays

    def _finished(self, run: Run, done: Done) -> None:
        self.done.append((run, done))
        for each, told in self.done:
            assert self._ended(each) == (RunState.UNDONE if told.undone else RunState.DONE)

    def _ended(self, run: Run) -> str:
        run.refresh_from_db()
        return run.state

    def _refuses_first_run(self) -> bool:
        """Whether clashes must be decided before the first live run of the SIS."""
        model = self.model
        decided = model.rejected | {(sis_id, key) for key, sis_id in model.links.items()}
        undecided = {
            (sis_id, key)
            for sis_id, key in model.clashes & model.open_proposals() - decided
            if key not in model.links and sis_id not in model.links.values()
        }
        if model.linked_ids() or not undecided:
            return False
        with pytest.raises(RunRefused):
            requests.request(self.integration, trigger=Trigger.PERSON, mode=Mode.LIVE)
        return True

    def _changes_nothing(self) -> None:
        """Running again changes nothing, except that somebody may be missing long enough."""
        _, plan = self._run(Mode.TEST)
        assert {row.kind for row in plan.rows} <= set(CLOSED_BY_RUNS)

    def _run(self, mode: Mode, only_adds: bool = False) -> tuple[Run, Plan]:
        """A run, with the plan that it must have made."""
        plan = self.model.plan(self.roster(), self.today(), only_adds=only_adds)
        requested = requests.request(
            self.integration,
            trigger=Trigger.PERSON,
            mode=mode,
            options=requests.RunOptions(only_adds=only_adds),
        )
        assert requested.created
        pipeline.run_sync(requested.run.pk)
        requested.run.refresh_from_db()
        planned = Change.objects.filter(run=requested.run, kind__in=WRITING)
        found = sorted(
            (each.kind, each.sis_id, shown(each.before), shown(each.after)) for each in planned
        )
        assert found == sorted(
            (row.kind, row.sis_id, shown(row.before), shown(row.after)) for row in plan.rows
        )
        made = {each.sis_id: each.account_id for each in planned if each.kind == "new"}
        for row in plan.rows:
            if row.kind == "new":
                self.stored[row.key] = made[row.sis_id]
        listed = (
            Change.objects.filter(run=requested.run)
            .exclude(kind__in=(*WRITING, "unchanged"))
            .values_list("kind", "sis_id")
        )
        assert sorted((kind, sis_id or "") for kind, sis_id in listed) == sorted(plan.listed)
        told = Issue.objects.filter(run=requested.run, severity="error").values_list(
            "sis_id", flat=True
        )
        assert set(told) == plan.refused
        alarms = {alarm["code"] for alarm in requested.run.alarms}
        if "roster_empty" not in alarms:
            errors = list(Issue.objects.filter(run=requested.run).values_list("sis_id", "code"))
            assert alarms & {"names", "errors"} == plan.alarms, errors
            self._proposes(plan)
        return requested.run, plan

    def _proposes(self, plan: Plan) -> None:
        """The links that the plan proposes are those of the model."""
        self.model.proposed, self.model.clashes = plan.proposed, plan.clashes
        proposals = LinkProposal.objects.filter(school=self.school)
        assert set(proposals.values_list("sis_id", "account_id")) == {
            (sis_id, self.stored[key]) for sis_id, key in plan.proposed
        }

    # --- what must always be so

    @invariant()
    def accounts_are_as_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        found = {
            account.pk: _held(account)
            for account in StudentAccount.objects.filter(school=self.school)
        }
        assert found == {self.stored[key]: one.held for key, one in self.model.accounts.items()}


def _held(account: StudentAccount) -> dict[str, Any]:
    names = (*FIELDS, "status", "source", "sis_id")
    is_kept = account.status != "merged" and not account.email_is_free
    address = account.email_key if is_kept else ""
    return {name: str(getattr(account, name) or "") for name in names} | {"address": address}


def play(examples: int, *, steps: int = 12, always_the_same: bool = False) -> None:
    run_state_machine_as_test(
        Runs,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=always_the_same,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_accounts_are_as_the_model_says_whatever_happens_in_any_order() -> None:
    play(5, steps=5, always_the_same=True)


@pytest.mark.crash
@pytest.mark.django_db(transaction=True)
def test_accounts_are_as_the_model_says_in_many_more_orders() -> None:
    """By `make crash`, ten for each of its SEEDS, and others each time."""
    play(10 * int(os.environ.get("CRASH_SEEDS", "30")))
