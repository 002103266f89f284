"""What a person decides about a run that rests: approve, confirm or discard it, or run again."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync import queue, store
from rollbook.sync.models import Change, Integration, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import requests, states
from rollbook.sync.runs.left_out import email_left_out, freed_for, left_out
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.sources import sis_label


def approve(run: Run, by: User | None, via: str = "web", *, additions_only: bool = False) -> bool:
    """Let a held run apply exactly what was previewed. Returns False where it is not on hold.

    With `additions_only`, rows that close an account, change a sign-in e-mail or give an account
    another SIS ID are left out; of a row that changes other values too, only the e-mail. Students
    on the never import list are left out in any case.
    """
    with transaction.atomic():
        moved = states.move_rows(
            _of_school(run),
            (RunState.ON_HOLD,),
            RunState.PLANNED,
            approved_at=Now(),
            approved_by=by,
            approved_additions_only=additions_only,
            lease_until=None,
            attempts=0,
        )
        if moved:
            detail = {
                "additions_only": additions_only,
                "left_out": _leave_out(run, additions_only),
                "alarms": [alarm["code"] for alarm in run.alarms],
            }
            _record("run.approved", run, by, via, **detail)
            queue.wake(queue.LOOK_AT_RUN, run.pk)
    return bool(moved)


def _leave_out(run: Run, additions_only: bool) -> int:
    """Mark the rows that approving leaves out. Return how many there are."""
    if additions_only:
        store.split_emails(run, list(email_left_out(run).values_list("pk", flat=True)))
    rows = Change.objects.filter(school_id=run.school_id, run_id=run.pk, outcome="")
    chosen = left_out(run, additions_only=additions_only)
    number = rows.filter(chosen).update(outcome="left_out")
    freed = rows.filter(kind=ChangeKind.EMAIL_FREED)
    freed_for_nobody = freed.exclude(pk__in=freed_for(run, rows).values("pk"))
    return number + freed_for_nobody.update(outcome="left_out")


def confirm(run: Run, by: User | None, via: str = "web", *, accept_alarms: bool = False) -> bool:
    """Let an upload or an undo apply exactly what was previewed. Returns False if it is no preview.

    Raises RunRefused while another run of the school is at work or on hold, and for a preview with
    alarms that the person didn't confirm as well (`accept_alarms`).
    """
    run.refresh_from_db(fields=["state", "alarms"])
    if run.alarms and run.state == RunState.PREVIEW and not accept_alarms:
        raise _alarms_unconfirmed(run)
    runs = _of_school(run).filter(alarms=run.alarms)  # not those that it got meanwhile
    try:
        with transaction.atomic():
            # How long a preview rests is no part of how long the run takes.
            columns: dict[str, Any] = {"started_at": None}
            if run.alarms:
                columns |= {"approved_at": Now(), "approved_by": by}
            origins = (RunState.PREVIEW,)
            moved = states.move_rows(runs, origins, RunState.PLANNED, **columns)
            if moved:
                if run.is_upload:
                    _leave_out(run, additions_only=False)
                action = "undo.confirmed" if run.is_undo else "upload.confirmed"
                alarms = {"alarms": [alarm["code"] for alarm in run.alarms]} if run.alarms else {}
                _record(action, run, by, via, **alarms)
                queue.wake(queue.LOOK_AT_RUN, run.pk)
    except IntegrityError as error:
        what = _("Nothing was written: another run of this school is at work or on hold.")
        remedy = _(
            "Wait until it has ended, or decide about it; the preview stays as it is. Then confirm "
            "again."
        )
        raise RunRefused("run_active", what, remedy) from error
    return bool(moved)


def _alarms_unconfirmed(run: Run) -> RunRefused:
    reasons = " ".join(alarm_words(run.alarms, sis_label(run)))
    return RunRefused(
        "alarms_unconfirmed",
        _("Nothing was written, because this upload changes more than usual. %(reasons)s")
        % {"reasons": reasons},
        _("Check the preview. If it is right, confirm this as well."),
    )


def discard(run: Run, by: User | None, via: str = "web") -> bool:
    """Discard a held run or a preview; nothing is applied. Returns False where it is neither."""
    with transaction.atomic():
        origins = (RunState.ON_HOLD, RunState.PREVIEW)
        columns = {"finished_at": Now()}
        moved = states.move_rows(_of_school(run), origins, RunState.DISCARDED, **columns)
        if moved:
            _record("run.discarded", run, by, via)
    return bool(moved)


def run_again(
    run: Run, integration: Integration, by: User | None, wider: Mapping[str, Any], via: str = "web"
) -> requests.Requested:
    """Discard a held run and ask for one with wider limits.

    Raises RunRefused or SettingRefused; then the held run stays as it is.
    """
    with transaction.atomic():
        discard(run, by, via)
        options = requests.RunOptions(wider=wider)
        return requests.request(
            integration, trigger=Trigger.PERSON, by=by, options=options, via=via
        )


def _of_school(run: Run) -> QuerySet[Run]:
    return Run.objects.filter(pk=run.pk, school_id=run.school_id)


def _record(action: str, run: Run, by: User | None, via: str, **detail: Any) -> None:
    audit.record(action, school=run.school, actor=by, subject=str(run.pk), via=via, **detail)
