"""Takes a run back: an undo is a run of its own, with a plan that is previewed, applied and reported like any other.

A value goes back only where the account still holds what the run wrote; everything else stays and is listed. Accounts that the run made are
deactivated and keep their SIS ID, so that the next run neither makes them again nor opens them.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.planning import WRITING_KINDS
from rollbook.roster.records import Issue, Severity
from rollbook.schools import audit
from rollbook.schools.clock import time_text
from rollbook.schools.models import User
from rollbook.students.models import StudentAccount
from rollbook.sync import queue, retention, store
from rollbook.sync.models import Change, Integration, Mode, Run, RunState, UndoCounts, UndoSettings
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import claims, decisions, progress, requests, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.store import undo
from rollbook.sync.store.undo import Left, Taken
from rollbook.sync.words.sources import uploader_type

TEST, OFF = "test", "off"
AFTERWARDS: Final = ("", TEST, OFF)  # what confirming may do to the integration besides
AT_ONCE: Final = (
    1_000  # rows that are planned while a person waits; more take longer than a page may
)
BATCH: Final = 10_000  # rows that are planned and stored together


class Undoing(NamedTuple):
    """What an undo does, or did. `back_by_sync` is the integration whose next run would write the same again."""

    accounts: int
    deactivated: int
    values: int
    stays: int
    back_by_sync: Integration | None

    @property
    def does_nothing(self) -> bool:
        return not self.accounts and not self.deactivated


def is_undoable(run: Run) -> bool:
    """Whether this run can be taken back: it is finished, it was live, it wrote something, and its rows are still kept."""
    return (
        run.state == RunState.DONE
        and run.mode == Mode.LIVE
        and not retention.is_past_keeping(run)
        and _written(run).exists()
    )


def preview(run: Run, by: User | None, student: UUID | None = None, via: str = "web") -> Run:
    """Ask for the plan of undoing a run, or what it did to one student. Nothing is changed before `confirm`.

    A small one is a preview when this comes back. A large one is for a worker: it is `queued`, and shows how far it is. Asked again, the
    same one is answered with, unless an account was changed since it was asked for. Raises RunRefused where nothing can be taken back.
    """
    with transaction.atomic():
        held = (
            Run.objects.select_for_update(of=("self",))
            .select_related("school", "undoes")
            .get(pk=run.pk)
        )
        settings = UndoSettings(
            variant=held.roster_settings.variant, student=str(student) if student else None
        )
        rows = _written(held, settings.student)
        number = rows.count()
        if not is_undoable(held) or not number:
            raise _not_undoable()
        for earlier in Run.objects.filter(
            undoes=held, state__in=(RunState.QUEUED, RunState.FETCHING, RunState.PREVIEW)
        ):
            if earlier.undo_settings.student == settings.student:
                if _still_stands(earlier):
                    return earlier
                requests.replace_preview(earlier)
        undoing = requests.request_undo(held, by, settings, number, via)
        if number > AT_ONCE:
            queue.wake(queue.LOOK_AT_RUN, undoing.pk)
        elif (claimed := claims.claim(undoing.pk)) is not None:
            plan(claimed)
            return claimed
    return undoing


def _still_stands(earlier: Run) -> bool:
    """Whether this one is being planned still, or planning it afresh would come to the same."""
    since = earlier.requested_at
    edited = StudentAccount.objects.filter(school_id=earlier.school_id, updated_at__gte=since)
    ended = Run.objects.filter(school_id=earlier.school_id, finished_at__gte=since)
    return earlier.state != RunState.PREVIEW or not (ended.exists() or edited.exists())


def plan(run: Run, lease: Lease | None = None) -> None:
    """Store what goes back and what stays, a batch of rows at a time; then the run is a preview.

    Raises RunRefused where there is nothing to take back any more, and whatever the lease raises.
    """
    assert run.undoes is not None
    progress.begin_plan(run)
    if not is_undoable(run.undoes):
        raise _not_undoable()
    rows = list(
        _written(run.undoes, run.undo_settings.student).order_by("pk").values_list("pk", flat=True)
    )
    who = _Names(run.school.timezone)
    done = stays = 0
    run.students_total = len(rows)
    for batch in store.in_chunks(rows, BATCH):
        if lease is not None:
            lease.check()
        done += len(batch)
        with transaction.atomic():  # the fence is checked in the same transaction, so that a worker taken for dead adds nothing
            progress.note(run, [], done)
            undo.plan_undo(run, batch[0], batch[-1])
            for chunk in store.in_chunks(undo.left_alone(run, batch[0], batch[-1])):
                stays += len(chunk)
                listed = [
                    _left_alone(left, who) for left in chunk
                ]  # looks names up, which can't be done while a COPY goes on
                store.save_plan(run, [], listed)
    with transaction.atomic():
        for name, code, field in (
            ("withhold_addresses", "address_taken_since", "email"),
            ("withhold_links", "link_taken_since", "sis_id"),
        ):
            taken = undo.withhold(run, name)
            stays += len(taken)
            store.save_plan(run, [], _taken_since(taken, code, field))
        numbers = undo.count_undo(run)
        counts = UndoCounts(
            **store.count_plan(run),
            read=done,
            undone_accounts=numbers.accounts,
            undone_deactivated=numbers.deactivated,
            undone_values=numbers.values,
            undone_stays=stays,
        )
        states.previewed(run, counts)


def confirm(run: Run, by: User | None, afterwards: str = "", via: str = "web") -> bool:
    """Let an undo be applied exactly as previewed. False where it is no preview any more, as at a second click. Raises RunRefused.

    `afterwards` switches Test Run on (`test`) or Active off (`off`), so that the next run doesn't write the same again.
    """
    assert run.undoes is not None
    with transaction.atomic():
        undone = Run.objects.select_for_update(of=("self",)).get(pk=run.undoes.pk)
        if undone.state != RunState.DONE and run.state == RunState.PREVIEW:
            raise _not_undoable()
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
    """What an undo does, in numbers."""
    counts = UndoCounts.load(run.counts)
    return Undoing(
        counts.undone_accounts,
        counts.undone_deactivated,
        counts.undone_values,
        counts.undone_stays,
        _written_again_by(run),
    )


def settle(run: Run) -> None:
    """Note on the runs behind it what an applied undo did, in the transaction that applied it.

    The run it takes back is undone, and its rows are. Where that was an undo itself, what it had taken back holds again, and so on.
    """
    undone, to, whole = run.undoes, RunState.UNDONE, run.undo_settings.student is None
    while undone is not None:
        undo.mark_undone(run, undone, "undone" if to == RunState.UNDONE else "")
        if whole and to == RunState.UNDONE:
            states.mark_undone(undone)
        elif whole:
            states.mark_done_again(undone)
        whole = whole and undone.undo_settings.student is None
        undone, to = undone.undoes, RunState.DONE if to == RunState.UNDONE else RunState.UNDONE


def _written(run: Run, student: str | None = None) -> QuerySet[Change]:
    """The rows by which a run changed accounts and that still hold; with a `student` in the undo's settings, those of that account."""
    rows = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, outcome="", kind__in=WRITING_KINDS
    )
    return rows.filter(account_id=student) if student else rows


def _written_again_by(run: Run) -> Integration | None:
    """The integration whose next live run writes again what this undo takes back."""
    undone = run.undoes
    if undone is None or undone.is_undo or undone.integration is None:
        return None
    return (
        undone.integration
        if undone.integration.active and not undone.integration.test_run
        else None
    )


def _not_undoable() -> RunRefused:
    return RunRefused(
        "not_undoable",
        _(
            "Nothing was changed: this run can't be undone, because it is not finished, changed no account, or was undone before."
        ),
        _(
            "Only finished live runs and uploads can be undone, as long as their reports are kept. Look at the history of runs."
        ),
    )


class _Names:
    """Who changed a value: runs and people by id, each looked up once."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._known: dict[UUID, str] = {}

    def of(self, left: Left) -> str:
        by_hand = left.hand_at is not None and (left.run_at is None or left.hand_at >= left.run_at)
        at = left.hand_at if by_hand else left.run_at
        if at is None:
            return str(_("hand"))
        key = left.actor_id if by_hand else left.run_id
        if key is None:
            name = str(_("The student") if left.via == "student" else _("Command line"))
        else:
            name = self._known.get(key) or self._look_up(key, by_hand)
        return f"{name}, {time_text(at, self._zone)}"[:100]

    def _look_up(self, key: UUID, by_hand: bool) -> str:
        found = (
            User.objects.get(pk=key).name
            if by_hand
            else uploader_type(Run.objects.select_related("undoes").get(pk=key))
        )
        self._known[key] = found[:40]
        return self._known[key]


def _left_alone(left: Left, who: _Names) -> Issue:
    by = "" if left.code == "account_gone_since" else who.of(left)
    return Issue(left.code, Severity.NOTE, left.sis_id, left.name, left.field or "", by, left.value)


def _taken_since(taken: list[Taken], code: str, field: str) -> Iterator[Issue]:
    for each in taken:
        yield Issue(code, Severity.NOTE, each.sis_id, each.name, field, "", each.value[:400])
