"""The page of one run: its progress while it works, then its result and its report."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from rollbook.config import config
from rollbook.schools import clock
from rollbook.sync import retention, undoing
from rollbook.sync.models import Run, RunState, Upload, UploadState
from rollbook.sync.report import summary
from rollbook.sync.report.counts import ChangeCounts, count_changes, has_plan
from rollbook.sync.report.new_grades import new_grades_of_run
from rollbook.sync.runs import outlook
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.cancelling import cancel_words, cancelled_words
from rollbook.sync.words.kinds import upload_words
from rollbook.sync.words.limits import limit_words
from rollbook.sync.words.proofs import proof_words
from rollbook.sync.words.sources import sis_label
from rollbook.sync.words.states import stage_words
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.imports.decision import AlarmsForm
from rollbook.web.imports.steps import import_steps
from rollbook.web.runs.history import line_of
from rollbook.web.runs.report_tabs import report_tabs
from rollbook.web.runs.run_display import stages_of, tiles_of

WORKING: Final = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)


def run_of(request: SchoolRequest, run_id: UUID) -> Run:
    """Return this school's run. Raises Http404 for any other."""
    runs = Run.objects.select_related(
        "school",
        "requested_by",
        "cancelled_by",
        "integration",
        "undoes__undoes",
        "undoes__integration",
    )
    return own_row(request, runs, pk=run_id)


@school_required()
def run_page(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Show the whole page, or the rows alone while a search is typed."""
    run = run_of(request, run_id)
    if request.htmx:
        context = report_tabs(request, run) | {"run": run, "searched": True}
        return render(request, "web/runs/run_rows.html", context)
    context = _context(request, run)
    if context["may_cancel"]:
        context["cancel_words"] = cancel_words(run)
        context["confirm_cancel"] = request.GET.get("confirm") == "cancel"
    return render(request, "web/runs/run.html", context)


@school_required()
def run_progress(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """Show the part that the page asks for each second. Announce only a change of stage."""
    run = run_of(request, run_id)
    context = _context(request, run)
    if request.GET.get("stage") != run.state:
        context["announce"] = stage_words(run)
    return render(request, "web/runs/run_body.html", context)


def _context(request: SchoolRequest, run: Run) -> dict[str, Any]:
    working = run.state in WORKING
    changes = count_changes(run) if has_plan(run) and not working else {}
    context: dict[str, Any] = {
        "run": run,
        "line": line_of(run),
        "working": working,
        "stage_words": stage_words(run),
        "stages": stages_of(run) if working else [],
        "may_cancel": request.membership.may_manage and run.is_cancellable,
        **_upload_context(request, run),
        **_undo_context(request, run, changes),
    }
    if working:
        return context
    return context | _result_context(request, run, changes) | _report_context(request, run, changes)


def _result_context(request: SchoolRequest, run: Run, changes: ChangeCounts) -> dict[str, Any]:
    """What the page says about a run that rests or is finished, above its report."""
    sis = sis_label(run)
    on_hold = run.state == RunState.ON_HOLD
    confirm = request.GET.get("confirm")  # opens a dialog without JavaScript
    return {
        "cancelled": cancelled_words(run),
        "alarms": alarm_words(run.alarms, sis),
        "own_limits": limit_words(run.roster_settings.wider),
        "outlook": outlook.outlook(run) if on_hold and request.membership.may_manage else None,
        "completeness": proof_words(run),
        "new_grades": new_grades_of_run(run),
        "moved_domains": summary.moved_domains(run),
        "result": summary.what_was_changed(run, changes) if run.state == RunState.DONE else "",
        "confirm_approve": confirm == "approve",
        "confirm_additions": confirm == "additions",
        "confirm_discard": confirm == "discard",
    }


def _report_context(request: SchoolRequest, run: Run, changes: ChangeCounts) -> dict[str, Any]:
    """What the report shows: its numbers, and its rows unless they were removed for their age."""
    if not line_of(run).has_report:
        return {}
    if retention.is_past_keeping(run):
        return {"tiles": tiles_of(run), "removed_after": config.report_days}
    return {"tiles": tiles_of(run), **report_tabs(request, run, changes)}


def _undo_context(request: SchoolRequest, run: Run, changes: ChangeCounts) -> dict[str, Any]:
    """What the page shows of a run that can be undone, was undone, or is an undo to confirm."""
    may_manage = request.membership.may_manage
    context: dict[str, Any] = {"undoable": may_manage and undoing.is_undoable(run, changes)}
    if run.state == RunState.UNDONE:
        undos = run.undone_by.filter(state=RunState.DONE).select_related("undoes__undoes")
        context["undone_by"] = list(undos.order_by("requested_at"))
    if run.is_undo and run.state == RunState.PREVIEW:
        context["undoing"] = undoing.undoing_of(run)
        context["confirm_undo"] = request.GET.get("confirm") == "undo"
    return context


def _upload_context(request: SchoolRequest, run: Run) -> dict[str, Any]:
    """What the page shows of an upload: its file, and while it can be confirmed its steps."""
    if not run.is_upload:
        return {}
    uploads = Upload.objects.defer("content").filter(run=run, school=run.school)
    upload = uploads.first()
    if upload is None:
        return {}
    may_decide = (
        run.awaits_confirming
        and request.membership.may_manage
        and upload.state == UploadState.DRAFT
    )
    expired = upload.expires_at <= clock.now() or upload.state == UploadState.DISCARDED
    return {
        "upload": upload,
        "file_expired": expired,
        "steps": import_steps("4", upload) if may_decide else [],
        "decides": may_decide and run.state == RunState.PREVIEW,
        "to_write": upload_words(run.typed_counts),
        "alarms_form": AlarmsForm(run),
        "confirm_upload": request.GET.get("confirm") == "upload",
    }
