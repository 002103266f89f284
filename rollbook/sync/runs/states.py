"""Every state change of a run: request, claim, heartbeat, hold, approve, discard, finish. Nothing else writes `Run.state`.

Races are settled by the database: a claim is a conditional update, one active run per school is a constraint, and `fence` tells a
worker that was taken for dead that the run is no longer its own.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.records import Proof
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sources.base import Page
from rollbook.sync import queue, store
from rollbook.sync.mail import notices
from rollbook.sync.models import (
    OCCUPYING,
    WORKING_STATES,
    Change,
    Integration,
    Mode,
    Run,
    RunState,
    Trigger,
)
from rollbook.sync.planning import rules
from rollbook.sync.refusals import RunRefused as RunRefused  # noqa: PLC0414 - who asks for a run catches it as runs.RunRefused
from rollbook.sync.runs.left_out import left_out
from rollbook.sync.runs.roster_proof import stored_proof
from rollbook.sync.setup import limits, link_decisions, readiness

log = logging.getLogger(__name__)

MOVES: Final[dict[RunState, frozenset[RunState]]] = {
    RunState.QUEUED: frozenset({RunState.FETCHING, RunState.FAILED}),
    RunState.FETCHING: frozenset(
        {RunState.FETCHING, RunState.PLANNED, RunState.PREVIEW, RunState.FAILED}
    ),
    RunState.PREVIEW: frozenset({RunState.PLANNED, RunState.DISCARDED}),
    RunState.PLANNED: frozenset(
        {RunState.ON_HOLD, RunState.APPLYING, RunState.DONE, RunState.FAILED}
    ),
    RunState.ON_HOLD: frozenset({RunState.PLANNED, RunState.DISCARDED}),
    RunState.APPLYING: frozenset({RunState.APPLYING, RunState.DONE, RunState.FAILED}),
    RunState.DONE: frozenset({RunState.UNDONE}),
    RunState.FAILED: frozenset(),
    RunState.DISCARDED: frozenset(),
    RunState.UNDONE: frozenset({RunState.DONE}),
}


SPREADSHEET: Final = "spreadsheet"  # the source of every upload
TELLING_STATES: Final = (RunState.DONE, RunState.FAILED, RunState.ON_HOLD)


class LeaseLost(Exception):
    """Another worker has taken this run over; whoever gets this stops and writes nothing more."""


class Requested(NamedTuple):
    """`created` is False where the school already has an active run: `run` is that one."""

    run: Run
    created: bool


def request(
    integration: Integration,
    *,
    trigger: Trigger,
    by: User | None = None,
    mode: Mode | None = None,
    due_at: datetime | None = None,
    wider: Mapping[str, Any] | None = None,
    only_adds: bool = False,
    via: str = "web",
) -> Requested:
    """Ask for a run of this integration; `mode` None follows its Test Run switch. Raises RunRefused.

    `due_at` is the due time of a scheduled run; a due time that has its run already is answered with that one. `wider` are limits for
    this run alone, see `limits.checked`, which may raise SettingRefused.
    """
    readiness.refuse_unready(integration)
    kind = mode or (Mode.TEST if integration.test_run else Mode.LIVE)
    if kind == Mode.LIVE:
        link_decisions.refuse_undecided(integration.school, integration.source)
    once = limits.checked(wider or {})
    held_against = limits.today(integration.school)._replace(**once)
    run = Run(
        school_id=integration.school_id,
        integration=integration,
        source=integration.source,
        mode=kind,
        trigger=trigger,
        requested_by=by,
        due_at=due_at,
        settings={
            "grades": integration.grades,
            "mapping": integration.mapping,
            "mapping_version": integration.mapping_version,
            "variant": integration.variant,
            "choices": integration.choices,
            **rules.settings_of(integration),
            "limits": held_against._asdict(),
            "wider": once,
            "only_adds": only_adds,
        },
    )
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            audit.record(
                "run.requested",
                school=integration.school,
                actor=by,
                subject=str(run.pk),
                via=via,
                mode=run.mode,
                trigger=run.trigger,
            )
            if once:
                audit.record(
                    "run.limits_widened",
                    school=integration.school,
                    actor=by,
                    subject=str(run.pk),
                    via=via,
                    **once,
                )
            queue.wake(queue.LOOK_AT_RUN, run.pk)
    except IntegrityError:
        of_school = Run.objects.filter(school_id=integration.school_id)
        there = of_school.filter(
            integration=integration, due_at=due_at, due_at__isnull=False
        ) | of_school.filter(OCCUPYING)
        if (run_there := there.first()) is None:  # it ended in this very moment: there is room now
            return request(
                integration,
                trigger=trigger,
                by=by,
                mode=mode,
                due_at=due_at,
                wider=wider,
                only_adds=only_adds,
                via=via,
            )
        return Requested(run_there, created=False)
    return Requested(run, created=True)


def request_preview(
    school: School, by: User | None, settings: dict[str, Any], via: str = "web"
) -> Run:
    """Ask for the plan of an upload. It rests as a preview when it is complete; `confirm` lets it be applied."""
    run = Run(
        school=school,
        source=SPREADSHEET,
        mode=Mode.LIVE,
        trigger=Trigger.UPLOAD,
        requested_by=by,
        settings=settings,
    )
    with transaction.atomic():
        run.save(force_insert=True)
        audit.record("upload.previewed", school=school, actor=by, subject=str(run.pk), via=via)
        queue.wake(queue.LOOK_AT_RUN, run.pk)
    return run


def request_undo(
    undone: Run, by: User | None, settings: dict[str, Any], number: int, via: str = "web"
) -> Run:
    """The run that takes another back; its caller plans it in the same transaction, or lets a worker do so. Then it rests as a preview."""
    run = Run(
        school_id=undone.school_id,
        source=undone.source,
        mode=Mode.LIVE,
        trigger=Trigger.PERSON,
        undoes=undone,
    )
    run.requested_by, run.settings, run.students_total = by, settings, number
    run.save(force_insert=True)
    audit.record(
        "undo.previewed",
        school=undone.school,
        actor=by,
        subject=str(run.pk),
        via=via,
        run=str(undone.pk),
    )
    return run


def turn(run: Run, to: RunState) -> bool:
    """Note that an undo has taken a finished run back, or that such an undo was itself undone."""
    return bool(
        Run.objects.filter(
            pk=run.pk, state__in=[state for state, targets in MOVES.items() if to in targets]
        ).update(state=to)
    )


def replace_preview(run: Run) -> bool:
    """Delete a preview, or what was to become one, because another takes its place. False where it was confirmed meanwhile."""
    before_confirming = Q(
        state__in=(RunState.QUEUED, RunState.FETCHING, RunState.PREVIEW, RunState.FAILED),
        trigger=Trigger.UPLOAD,
    )
    before_confirming |= Q(state=RunState.PREVIEW, undoes__isnull=False)
    with transaction.atomic():
        there = Run.objects.select_for_update().filter(before_confirming, pk=run.pk).first()
        if there is not None:
            there.delete()
    return there is not None


def expire_previews() -> int:
    """Put aside the previews that nobody confirmed for too long."""
    since = Now() - timedelta(days=config.upload_days)
    old = Run.objects.filter(state=RunState.PREVIEW, requested_at__lt=since)
    return old.update(state=RunState.DISCARDED, finished_at=Now())


def claim(run_id: UUID) -> Run | None:
    """Take a waiting run, or one whose worker fell silent. None where there is nothing to do.

    A run that was being read starts again from the beginning; one whose plan is complete goes on from the plan.
    """
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    claimed = Run.objects.filter(
        free,
        pk=run_id,
        state__in=(RunState.QUEUED, *WORKING_STATES),
        attempts__lt=config.run_attempts,
    ).update(
        state=models.Case(
            models.When(state=RunState.QUEUED, then=models.Value(RunState.FETCHING)),
            default=F("state"),
        ),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        started_at=Coalesce(F("started_at"), Now()),
        pages_done=models.Case(
            models.When(state__in=(RunState.QUEUED, RunState.FETCHING), then=models.Value(0)),
            default=F("pages_done"),
        ),
        lease_until=Now() + timedelta(seconds=config.lease_seconds),
        error_code="",
        error_what="",
    )
    return Run.objects.select_related("school", "integration").get(pk=run_id) if claimed else None


def heartbeat(run: Run) -> bool:
    """Renew the lease of a claimed run; False where it is no longer ours."""
    return bool(
        _ours(run)
        .filter(state__in=WORKING_STATES)
        .update(lease_until=Now() + timedelta(seconds=config.lease_seconds))
    )


def progress(run: Run, pages: list[Page], students_done: int) -> None:
    """Note how far reading is. Raises LeaseLost."""
    run.pages_done += len(pages)
    run.students_done = students_done
    for page in pages:
        run.pages_total, run.students_total = page.pages, page.total
    if (
        not _ours(run)
        .filter(state__in=WORKING_STATES)
        .update(
            pages_done=run.pages_done,
            pages_total=run.pages_total,
            students_done=students_done,
            students_total=run.students_total,
        )
    ):
        raise LeaseLost(str(run.pk))


def begin_plan(run: Run) -> None:
    """Forget what an earlier try has planned. Raises LeaseLost: a worker that wakes late must not clear another's plan."""
    with transaction.atomic():
        progress(run, [], 0)
        store.clear_plan(run)


def planned(run: Run, counts: dict[str, int], alarms: list[dict[str, Any]], proof: Proof) -> None:
    """The plan is stored. Raises LeaseLost."""
    run.counts, run.alarms, run.proof = counts, alarms, stored_proof(run, proof)
    move(run, RunState.PLANNED, counts=counts, alarms=alarms, proof=run.proof)


def previewed(run: Run, counts: dict[str, int], proof: Proof | None = None) -> None:
    """The plan of an upload or an undo is stored and rests until a person confirms it. Raises LeaseLost."""
    run.counts, run.proof = counts, stored_proof(run, proof)
    move(run, RunState.PREVIEW, counts=counts, proof=run.proof, lease_until=None, attempts=0)


def hold(run: Run) -> None:
    """A guard tripped: the run rests here, with nothing applied, until a person decides."""
    move(run, RunState.ON_HOLD, lease_until=None, attempts=0)


def applying(run: Run) -> None:
    """The plan is about to be written. Raises LeaseLost."""
    move(run, RunState.APPLYING)


def finish(run: Run, counts: dict[str, int] | None = None) -> None:
    """The run did what it was asked to do; a test run comes here without having applied anything.

    Both tell what the SIS says, so both keep the work list of problems; a file that was uploaded says nothing about the SIS.
    """
    if counts is not None:
        run.counts = counts
    with transaction.atomic():
        move(run, RunState.DONE, counts=run.counts, lease_until=None, finished_at=Now())
        if not run.is_upload and not run.is_undo:
            store.keep_problems(run)


def fail(run: Run, code: str, what: str, remedy: str, proof: Proof | None = None) -> None:
    """The run can't go on; nothing was applied. `proof` is that of a roster that came short."""
    run.error_code, run.error_what, run.error_remedy, run.proof = (
        code,
        what,
        remedy,
        stored_proof(run, proof),
    )
    failed = {"error_code": code, "error_what": what, "error_remedy": remedy, "proof": run.proof}
    move(run, RunState.FAILED, **failed, lease_until=None, finished_at=Now())


def move(run: Run, to: RunState, **columns: Any) -> None:
    """Change the state of a run that is ours, along MOVES. Raises LeaseLost."""
    origins = [state for state, targets in MOVES.items() if to in targets]
    with transaction.atomic():
        if not _ours(run).filter(state__in=origins).update(state=to, **columns):
            raise LeaseLost(str(run.pk))
        run.state = to
        if to in TELLING_STATES:
            notices.announce(run)


def approve(run: Run, by: User | None, via: str = "web", *, additions_only: bool = False) -> bool:
    """Let a held run apply exactly what was previewed. False where it is not (or no longer) on hold.

    With `additions_only`, rows that close an account, change a sign-in e-mail or give an account another SIS ID stay out; never
    wanted students do in any case.
    """
    with transaction.atomic():
        moved = Run.objects.filter(
            pk=run.pk, school_id=run.school_id, state=RunState.ON_HOLD
        ).update(
            state=RunState.PLANNED,
            alarms=[],
            settings=run.settings
            | {"held_for": run.alarms, "approved": "additions" if additions_only else "all"},
            lease_until=None,
            attempts=0,
        )
        if moved:
            rows = Change.objects.filter(
                left_out(run, additions_only=additions_only),
                school_id=run.school_id,
                run_id=run.pk,
                outcome="",
            )
            told = {"additions_only": additions_only, "left_out": rows.update(outcome="left_out")}
            audit.record(
                "run.approved", school=run.school, actor=by, subject=str(run.pk), via=via, **told
            )
            queue.wake(queue.LOOK_AT_RUN, run.pk)
    return bool(moved)


def confirm(run: Run, by: User | None, via: str = "web") -> bool:
    """Let an upload or an undo apply exactly what was previewed. False where it is not (or no longer) a preview.

    Raises RunRefused while another run of the school is at work or on hold.
    """
    try:
        with transaction.atomic():
            rests = Run.objects.filter(pk=run.pk, school_id=run.school_id, state=RunState.PREVIEW)
            moved = rests.update(
                state=RunState.PLANNED, started_at=None
            )  # how long a preview rests is no part of how long the run takes
            if moved:
                audit.record(
                    "undo.confirmed" if run.is_undo else "upload.confirmed",
                    school=run.school,
                    actor=by,
                    subject=str(run.pk),
                    via=via,
                )
                queue.wake(queue.LOOK_AT_RUN, run.pk)
    except IntegrityError as error:
        raise RunRefused(
            "run_active",
            _("Nothing was written, because another run of this school is at work or on hold."),
            _(
                "Wait until it has ended, or decide about it; the preview stays as it is. Then confirm again."
            ),
        ) from error
    return bool(moved)


def discard(run: Run, by: User | None, via: str = "web") -> bool:
    """Put a held run or a preview aside; nothing is applied. False where it is neither (any more)."""
    with transaction.atomic():
        moved = Run.objects.filter(
            pk=run.pk, school_id=run.school_id, state__in=(RunState.ON_HOLD, RunState.PREVIEW)
        ).update(state=RunState.DISCARDED, finished_at=Now())
        if moved:
            audit.record("run.discarded", school=run.school, actor=by, subject=str(run.pk), via=via)
    return bool(moved)


def note_database_trouble(run: Run, error: Exception) -> None:
    """Note what ended this try, so that a run that is parked in the end says so. The database may be away for this as well."""
    try:
        _ours(run).filter(state__in=WORKING_STATES).update(
            error_code="database_failed", error_what=type(error.__cause__ or error).__name__
        )
    except DatabaseError as again:
        log.warning("run %s: not noted either: %s", run.pk, type(again).__name__)


def hand_back(run: Run) -> None:
    """Give a run back unfinished, as on SIGTERM: the next worker takes it at once, and the try isn't counted."""
    _ours(run).filter(state__in=WORKING_STATES).update(lease_until=None, attempts=F("attempts") - 1)


def sweep() -> list[UUID]:
    """Wake every run that nobody works on, and park those whose tries are used up. Returns the ids that were woken."""
    silent = Run.objects.filter(
        Q(state=RunState.QUEUED, requested_at__lt=Now() - timedelta(seconds=config.sweep_seconds))
        | Q(state__in=WORKING_STATES, lease_until__isnull=True)
        | Q(state__in=WORKING_STATES, lease_until__lt=Now())
    )
    for run in silent.filter(attempts__gte=config.run_attempts):
        code = run.error_code or "worker_died"
        what = _(
            "This run was started several times, and each time its worker ended before it was done. No account was changed."
        )
        remedy = _(
            "Start it again. If that fails too, ask the operator of this installation for the worker's log."
        )
        if code == "database_failed":
            what = _(
                "The database failed each time this run was tried (%(error)s). No account was changed."
            ) % {"error": run.error_what}
            remedy = _(
                "Ask the operator of this installation to look at the database and its disk, then start it again."
            )
        with suppress(LeaseLost):
            fail(run, code, what, remedy)
    woken = list(silent.filter(attempts__lt=config.run_attempts).values_list("pk", flat=True))
    for run_id in woken:
        queue.wake(queue.LOOK_AT_RUN, run_id)
    return woken


def _ours(run: Run) -> models.QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, fence=run.fence)
