"""Undoing a run: an undo is a run of its own, previewed, applied and reported like any other.

A value is restored only if the account still has what the run wrote; all else stays and is listed.
Accounts that the run created are deactivated and keep their SIS ID, so that the next run neither
creates them again nor opens them.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.planning.changes import WRITING_KINDS
from rollbook.roster.records import Issue, Severity
from rollbook.schools import audit
from rollbook.schools.clock import time_text
from rollbook.schools.models import User
from rollbook.students.models import StudentAccount
from rollbook.sync import queue, retention, store
from rollbook.sync.models import Change, Integration, Mode, Run, RunState, UndoCounts, UndoSettings
from rollbook.sync.refusals import RunRefused
from rollbook.sync.report.counts import ChangeCounts
from rollbook.sync.runs import claims, decisions, progress, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.store import undo
from rollbook.sync.store.undo import Left
from rollbook.sync.words.sources import uploader_type

TEST, OFF = "test", "off"
AFTERWARDS: Final = ("", TEST, OFF)  # what confirming can also do to the integration
AT_ONCE: Final = 1_000  # rows that are planned while a person waits; more take too long for a page
BATCH: Final = 10_000  # rows that are planned and stored together
LONGEST_NAME: Final = 40  # characters of who changed a value
LONGEST_CHANGED_BY: Final = 100
LONGEST_VALUE: Final = 400


class Undoing(NamedTuple):
    """What an undo does, or did, in numbers.

    `again` of the values that go back were changed after the run and then written again.
    `back_by_sync` is the integration whose next run would write the same again.
    """

    accounts: int
    deactivated: int
    values: int
    stays: int
    again: int
    back_by_sync: Integration | None

    @property
    def does_nothing(self) -> bool:
        return not self.accounts and not self.deactivated


def is_undoable(run: Run, changes: ChangeCounts | None = None) -> bool:
    """Return whether a run can be undone: finished, live, wrote something, rows still kept.

    `changes` are the result of `count_changes` where that is known already.
    """
    if run.state != RunState.DONE or run.mode != Mode.LIVE or retention.is_past_keeping(run):
        return False
    if changes is None:
        return _written(run).exists()
    return any(changes.get(kind, {}).get("") for kind in WRITING_KINDS)


def preview(run: Run, by: User | None, student: UUID | None = None, via: str = "web") -> Run:
    """Ask for the plan of undoing a run, or what it did to one student. Changes no account.

    A small undo is planned at once and returned as a preview; a large one is queued for a worker.
    The same wish gets the same undo, unless an account was changed since. Raises RunRefused if
    there is nothing to undo.
    """
    with transaction.atomic():
        locked = Run.objects.select_for_update(of=("self",)).select_related("school", "undoes")
        undone = locked.get(pk=run.pk)
        settings = UndoSettings(
            variant=undone.roster_settings.variant, student=str(student) if student else None
        )
        number = _written(undone, settings.student).count()
        if not is_undoable(undone) or not number:
            raise _not_undoable(undone, settings.student)
        earlier = _earlier_preview(undone, settings)
        if earlier is not None:
            return earlier
        undoing = requests.request_undo(undone, by, settings, number, via)
        if number > AT_ONCE:
            queue.wake(queue.LOOK_AT_RUN, undoing.pk)
        elif (claimed := claims.claim(undoing.pk)) is not None:
            plan(claimed)
            return claimed
    return undoing


def _earlier_preview(undone: Run, settings: UndoSettings) -> Run | None:
    """Return the undo that the same wish got before, and replace one that is out of date."""
    open_states = (RunState.QUEUED, RunState.FETCHING, RunState.PREVIEW)
    for earlier in Run.objects.filter(undoes=undone, state__in=open_states):
        if earlier.undo_settings.student == settings.student:
            if _is_current(earlier):
                return earlier
            requests.replace_preview(earlier)
    return None


def _is_current(earlier: Run) -> bool:
    """Return whether an undo is still being planned, or a new plan would be the same."""
    since = earlier.requested_at
    edited = StudentAccount.objects.filter(school_id=earlier.school_id, updated_at__gte=since)
    ended = Run.objects.filter(school_id=earlier.school_id, finished_at__gte=since)
    return earlier.state != RunState.PREVIEW or not (ended.exists() or edited.exists())


def plan(run: Run, lease: Lease | None = None) -> None:
    """Store what is restored and what stays, in batches of rows; then the run is a preview.

    Raises RunRefused if there is nothing to undo any more, and what the lease raises.
    """
    assert run.undoes is not None
    progress.begin_plan(run)
    student = run.undo_settings.student
    if not is_undoable(run.undoes):
        raise _not_undoable(run.undoes, student)
    written = _written(run.undoes, student)
    rows = list(written.order_by("pk").values_list("pk", flat=True))
    people = _People(run.school.timezone)
    done = stays = 0
    run.students_total = len(rows)
    for batch in store.in_chunks(rows, BATCH):
        if lease is not None:
            lease.check()
        done += len(batch)
        # The fence is checked in the same transaction: a worker taken for dead adds nothing.
        with transaction.atomic():
            progress.note(run, [], done)
            undo.plan_undo(run, batch[0], batch[-1])
            stays += _list(run, undo.left_alone(run, batch[0], batch[-1]), people)
    with transaction.atomic():
        stays += _withhold_taken(run)
        numbers = undo.count_undo(run)
        again = _list(run, undo.restored_although_written_again(run), people)
        stays += _list(run, undo.made_again(run.undoes, student), people)
        counts = UndoCounts(
            **store.count_plan(run),
            read=done,
            undone_accounts=numbers.accounts,
            undone_deactivated=numbers.deactivated,
            undone_values=numbers.values,
            undone_stays=stays,
            undone_again=again,
        )
        states.previewed(run, counts)


def _list(run: Run, values: Iterable[Left], people: "_People") -> int:
    """Store a note about each of these values. Returns how many."""
    number = 0
    for chunk in store.in_chunks(values):
        # Built before saving: people are looked up, and no query may run while a COPY is open.
        notes = [_note(left, people) for left in chunk]
        store.save_plan(run, [], notes)
        number += len(notes)
    return number


def _withhold_taken(run: Run) -> int:
    """Take out of the plan what somebody else has by now. Returns how many values."""
    number = 0
    for name, code, field in (
        ("withhold_addresses", "address_taken_since", "email"),
        ("withhold_links", "link_taken_since", "sis_id"),
        ("withhold_further_links", "link_taken_since", "sis_id"),
    ):
        notes = [
            Issue(
                code, Severity.NOTE, each.sis_id, each.name, field, "", each.value[:LONGEST_VALUE]
            )
            for each in undo.withhold(run, name)
        ]
        store.save_plan(run, [], notes)
        number += len(notes)
    return number


def confirm(run: Run, by: User | None, afterwards: str = "", via: str = "web") -> bool:
    """Let an undo be applied exactly as previewed.

    `afterwards` switches Test Run on (`test`) or Active off (`off`), so that the next run does not
    write the same again. Returns False if it is no preview any more. Raises RunRefused.
    """
    assert run.undoes is not None
    with transaction.atomic():
        undone = Run.objects.select_for_update(of=("self",)).get(pk=run.undoes.pk)
        if undone.state != RunState.DONE and run.state == RunState.PREVIEW:
            raise _not_undoable(undone, run.undo_settings.student)
        if not decisions.confirm(run, by, via):
            return False
        integration = _written_again_by(run)
        if integration is not None and afterwards in (TEST, OFF):
            columns = {"test_run": True} if afterwards == TEST else {"active": False}
            Integration.objects.filter(pk=integration.pk).update(**columns)
            audit.record(
                "integration.switched",
                school=run.school,
                actor=by,
                subject=str(integration.pk),
                via=via,
                **columns,
            )
    return True


def undoing_of(run: Run) -> Undoing:
    """Return what an undo does, or did, in numbers."""
    counts = UndoCounts.load(run.counts)
    return Undoing(
        counts.undone_accounts,
        counts.undone_deactivated,
        counts.undone_values,
        counts.undone_stays,
        counts.undone_again,
        _written_again_by(run),
    )


def settle(run: Run) -> None:
    """Mark the runs behind an applied undo, in the transaction that applied it.

    The run that it undoes is undone, with its rows. If that was an undo itself, the run before is
    done again, and so on.
    """
    undone = run.undoes
    if undone is not None:
        store.end_settlements(undone, run.undo_settings.student)
    becomes_undone = True  # every other run of the chain; those between are done again
    whole = run.undo_settings.student is None
    while undone is not None:
        undo.mark_undone(run, undone, "undone" if becomes_undone else "")
        if whole and becomes_undone:
            states.mark_undone(undone)
        elif whole:
            states.mark_done_again(undone)
        whole = whole and undone.undo_settings.student is None
        undone, becomes_undone = undone.undoes, not becomes_undone


def _written(run: Run, student: str | None = None) -> QuerySet[Change]:
    """Return the rows by which a run changed accounts and that are not undone.

    With a `student`, only those of that account.
    """
    rows = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, outcome="", kind__in=WRITING_KINDS
    )
    return rows.filter(account_id=student) if student else rows


def _written_again_by(run: Run) -> Integration | None:
    """Return the integration whose next live run writes again what this undo restores."""
    undone = run.undoes
    if undone is None or undone.is_undo or undone.integration is None:
        return None
    writes = undone.integration.active and not undone.integration.test_run
    return undone.integration if writes else None


def _not_undoable(run: Run, student: str | None) -> RunRefused:
    """Return why there is nothing to undo, with the later run that wrote the same again."""
    with transaction.atomic():
        again = next(undo.made_again(run, student), None)
    if again is not None:
        what = _(
            "Nothing was changed: this was undone before. The same was written again since, by "
            "%(who)s."
        )
        return RunRefused(
            "not_undoable",
            what % {"who": _People(run.school.timezone).changed_by(again)},
            _("To take that back, undo the run that wrote it, or change it on the student's page."),
        )
    return RunRefused(
        "not_undoable",
        _(
            "Nothing was changed: this run can't be undone, because it is not finished, changed no "
            "account, or was undone before."
        ),
        _(
            "Only finished live runs and uploads can be undone, while their reports are kept. "
            "Look at the history of runs."
        ),
    )


def _note(left: Left, people: "_People") -> Issue:
    """Return the note about one value. Its `source_field` is who changed it last."""
    by = "" if left.code == "account_gone_since" else people.changed_by(left)
    return Issue(left.code, Severity.NOTE, left.sis_id, left.name, left.field or "", by, left.value)


class _People:
    """Names of the runs and people who changed values, each looked up once."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._names: dict[UUID, str] = {}

    def changed_by(self, left: Left) -> str:
        """Return who changed a value last, and when."""
        by_hand = left.hand_at is not None and (left.run_at is None or left.hand_at >= left.run_at)
        at = left.hand_at if by_hand else left.run_at
        if at is None:
            return str(_("hand"))
        key = left.actor_id if by_hand else left.run_id
        if key is None:
            name = str(_("The student") if left.via == "student" else _("Command line"))
        else:
            name = self._names.get(key) or self._look_up(key, by_hand)
        return f"{name}, {time_text(at, self._zone)}"[:LONGEST_CHANGED_BY]

    def _look_up(self, key: UUID, by_hand: bool) -> str:
        if by_hand:
            name = User.objects.get(pk=key).name
        else:
            name = uploader_type(Run.objects.select_related("undoes").get(pk=key))
        self._names[key] = name[:LONGEST_NAME]
        return self._names[key]
