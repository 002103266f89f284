"""Asks for runs: of a SIS, of an upload, of an undo. Removes previews that are outdated."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from rollbook.config import config
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sync import queue
from rollbook.sync.models import (
    OCCUPYING,
    FieldRule,
    Integration,
    Mode,
    RosterSettings,
    Run,
    RunState,
    Trigger,
    UndoSettings,
    UploadSettings,
)
from rollbook.sync.runs import states
from rollbook.sync.setup import field_owners, limits, link_decisions, readiness

SPREADSHEET: Final = "spreadsheet"  # the source of every upload


class Requested(NamedTuple):
    """The run that was asked for.

    Where the school had an active run already, it is that one, and `created` is False.
    """

    run: Run
    created: bool


class RunOptions(NamedTuple):
    """What is special about one run.

    `due_at` is the due time of a scheduled run: each has one run, however often it is asked for.
    `wider` are limits for this run alone, see `limits.checked`. In some pauses a run `only_adds`.
    """

    due_at: datetime | None = None
    wider: Mapping[str, Any] = MappingProxyType({})
    only_adds: bool = False


NO_OPTIONS: Final = RunOptions()


def request(
    integration: Integration,
    *,
    trigger: Trigger,
    by: User | None = None,
    mode: Mode | None = None,
    options: RunOptions = NO_OPTIONS,
    via: str = "web",
) -> Requested:
    """Ask for a run of this integration; `mode` None follows its Test Run switch.

    Raises RunRefused, and SettingRefused for limits that can't be.
    """
    readiness.refuse_unready(integration)
    mode = mode or (Mode.TEST if integration.test_run else Mode.LIVE)
    if mode == Mode.LIVE:
        link_decisions.refuse_undecided(integration.school, integration.source)
    wider_limits = limits.checked(options.wider)
    run = Run(
        school_id=integration.school_id,
        integration=integration,
        source=integration.source,
        mode=mode,
        trigger=trigger,
        requested_by=by,
        due_at=options.due_at,
        settings=_settings(integration, wider_limits, options.only_adds).stored(),
    )
    while True:
        try:
            with transaction.atomic():
                run.save(force_insert=True)
                _record_request(run, wider_limits, via)
                queue.wake(queue.LOOK_AT_RUN, run.pk)
        except IntegrityError:
            active = _active_run(run)
            if active is not None:
                return Requested(active, created=False)
            continue  # it ended in this very moment: there is room now
        return Requested(run, created=True)


def _settings(
    integration: Integration, wider_limits: dict[str, Any], only_adds: bool
) -> RosterSettings:
    """Return the settings of a run, as the integration has them now."""
    rules = integration.field_rules
    others = field_owners.other_active(integration)
    return RosterSettings(
        grades=tuple(integration.grades),
        grade_names={each["name"]: each["chosen"] for each in integration.grade_names},
        grade_meanings=integration.grade_meanings,
        schools={each["key"]: each["name"] for each in integration.schools},
        mapping=tuple((source_field, field) for source_field, field in integration.mapping),
        mapping_version=integration.mapping_version,
        variant=integration.variant,
        choices=integration.choices,
        field_rules={field: FieldRule(**rule) for field, rule in rules.items()},
        other_fields={other.source: field_owners.mapped_fields(other) for other in others},
        owners=field_owners.owners(integration.school) if others else {},
        leavers=integration.leavers,
        limits=limits.today(integration.school)._replace(**wider_limits)._asdict(),
        wider=wider_limits,
        only_adds=only_adds,
        test_run=integration.test_run,
        free_emails_after=integration.school.free_emails_after,
    )


def _active_run(run: Run) -> Run | None:
    """Return the run that is in the way of this one: of the same due time, or an active one."""
    runs = Run.objects.filter(school_id=run.school_id)
    of_due_time = runs.filter(
        integration=run.integration_id, due_at=run.due_at, due_at__isnull=False
    )
    return (of_due_time | runs.filter(OCCUPYING)).first()


def _record_request(run: Run, wider_limits: dict[str, Any], via: str) -> None:
    run_id = str(run.pk)
    audit.record(
        "run.requested",
        school=run.school,
        actor=run.requested_by,
        subject=run_id,
        via=via,
        mode=run.mode,
        trigger=run.trigger,
    )
    if wider_limits:
        audit.record(
            "run.limits_widened",
            school=run.school,
            actor=run.requested_by,
            subject=run_id,
            via=via,
            **wider_limits,
        )


def request_preview(
    school: School, by: User | None, settings: UploadSettings, via: str = "web"
) -> Run:
    """Ask for the plan of an upload.

    It rests as a preview when it is complete; `decisions.confirm` lets it be applied.
    """
    run = Run(
        school=school,
        source=SPREADSHEET,
        mode=Mode.LIVE,
        trigger=Trigger.UPLOAD,
        requested_by=by,
        settings=settings.stored(),
    )
    with transaction.atomic():
        run.save(force_insert=True)
        audit.record("upload.previewed", school=school, actor=by, subject=str(run.pk), via=via)
        queue.wake(queue.LOOK_AT_RUN, run.pk)
    return run


def request_undo(
    undone: Run, by: User | None, settings: UndoSettings, number: int, via: str = "web"
) -> Run:
    """Make the run that undoes another; `number` is how many rows it will go through.

    The caller plans it in the same transaction, or wakes a worker. Then it rests as a preview.
    """
    run = Run(
        school_id=undone.school_id,
        source=undone.source,
        mode=Mode.LIVE,
        trigger=Trigger.PERSON,
        undoes=undone,
        requested_by=by,
        settings=settings.stored(),
        students_total=number,
    )
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


def replace_preview(run: Run) -> bool:
    """Delete a preview, or what was to become one, because another takes its place.

    Returns False where it was confirmed meanwhile.
    """
    upload_preview = Q(
        state__in=(RunState.QUEUED, RunState.FETCHING, RunState.PREVIEW, RunState.FAILED),
        trigger=Trigger.UPLOAD,
    )
    undo_preview = Q(state=RunState.PREVIEW, undoes__isnull=False)
    with transaction.atomic():
        runs = Run.objects.select_for_update().filter(upload_preview | undo_preview, pk=run.pk)
        preview = runs.first()
        if preview is not None:
            preview.delete()
    return preview is not None


def expire_previews() -> int:
    """Discard the previews that nobody confirmed for too long. Returns how many."""
    since = Now() - timedelta(days=config.upload_days)
    old = Run.objects.filter(requested_at__lt=since)
    return states.move_rows(old, (RunState.PREVIEW,), RunState.DISCARDED, finished_at=Now())
