"""One run: its progress while it works; afterwards what came of it, in three tabs."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.students import single_rules
from rollbook.sync import retention, undoing
from rollbook.sync.models import Mode, Run, RunState, Upload, UploadState
from rollbook.sync.report import clash_people, summary
from rollbook.sync.report import rows as report
from rollbook.sync.report.clash_people import Clash, Person
from rollbook.sync.runs import outlook
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.kinds import (
    COUNT_LABELS,
    EMAIL_CHANGED,
    LISTED_KINDS,
    UPDATED_KINDS,
    upload_words,
)
from rollbook.sync.words.proofs import proof_words
from rollbook.sync.words.severities import SEVERITY_LABELS
from rollbook.sync.words.sources import sis_label
from rollbook.sync.words.states import stage_words
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.imports.steps import import_steps
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.history import line_of
from rollbook.web.runs.run_words import stages_of, tiles_of
from rollbook.web.set_up.safety_limits_forms import limit_words

WORKING = (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.APPLYING)

# What each tab can be narrowed to: code → words.
FILTERS: Final[dict[str, dict[str, str]]] = {
    "errors": SEVERITY_LABELS,
    "new": {},
    "updated": {
        code: COUNT_LABELS[code] for code in (EMAIL_CHANGED, *UPDATED_KINDS, *LISTED_KINDS)
    },
}


class Tab(NamedTuple):
    key: str
    label: str
    number: int


def run_of(request: SchoolRequest, run_id: UUID) -> Run:
    """This school's run; 404 for any other."""
    runs = Run.objects.select_related(
        "school", "requested_by", "integration", "undoes__undoes", "undoes__integration"
    )
    return get_object_or_404(runs, pk=run_id, school=request.school)


@school_required()
def run_page(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """The whole page; for a search as one types, the rows alone."""
    run = run_of(request, run_id)
    if request.htmx:
        return render(
            request, "web/runs/run_rows.html", _tabs(request, run) | {"run": run, "searched": True}
        )
    return render(request, "web/runs/run.html", _context(request, run))


@school_required()
def run_progress(request: SchoolRequest, run_id: UUID) -> HttpResponse:
    """The part of the page that is asked for each second; a change of stage is announced, and nothing else."""
    run = run_of(request, run_id)
    context = _context(request, run)
    if request.GET.get("stage") != run.state:
        context["announce"] = stage_words(run)
    return render(request, "web/runs/run_body.html", context)


def _context(request: SchoolRequest, run: Run) -> dict[str, Any]:
    working = run.state in WORKING
    line = line_of(run)
    context: dict[str, Any] = {
        "run": run,
        "line": line,
        "working": working,
        "stages": stages_of(run) if working else [],
        "stage_words": stage_words(run),
        "alarms": alarm_words(run.alarms, sis_label(run)),
        "wider": limit_words(run.settings.get("wider", {})),
        "held_for": alarm_words(run.settings.get("held_for", ()), sis_label(run)),
        "outlook": outlook.outlook(run)
        if run.state == RunState.ON_HOLD and request.membership.may_manage
        else None,
        "completeness": proof_words(run) if not working else "",
        "moved_domains": summary.moved_domains(run) if not working else [],
        "said": summary.what_was_changed(run) if run.state == RunState.DONE else "",
        "confirm_approve": request.GET.get("confirm") == "approve",
        "confirm_additions": request.GET.get("confirm") == "additions",
        "confirm_discard": request.GET.get("confirm") == "discard",
    }
    context |= _of_upload(request, run) | _of_undo(request, run)
    if line.has_report and not working:
        context |= {"tiles": tiles_of(run)}
        context |= (
            {"removed_after": config.report_days}
            if retention.is_past_keeping(run)
            else _tabs(request, run)
        )
    return context


def _of_undo(request: SchoolRequest, run: Run) -> dict[str, Any]:
    """What the page has besides where the run can be undone, was undone, or is the preview of an undo."""
    context: dict[str, Any] = {
        "undoable": request.membership.may_manage and undoing.is_undoable(run)
    }
    if run.state == RunState.UNDONE:
        context["undone_by"] = list(
            run.undone_by.filter(state=RunState.DONE)
            .select_related("undoes__undoes")
            .order_by("requested_at")
        )
    if run.is_undo and run.state == RunState.PREVIEW:
        context |= {
            "undoing": undoing.undoing_of(run),
            "confirm_undo": request.GET.get("confirm") == "undo",
        }
    return context


def _of_upload(request: SchoolRequest, run: Run) -> dict[str, Any]:
    """What the page of an upload has besides: its file, and while it is a preview the steps and what can be done about it."""
    upload = (
        Upload.objects.defer("content").filter(run=run, school=run.school).first()
        if run.is_upload
        else None
    )
    if upload is None:
        return {}
    decides = (
        run.awaits_confirming
        and request.membership.may_manage
        and upload.state == UploadState.DRAFT
    )
    return {
        "upload": upload,
        "file_kept": upload.expires_at > timezone.now() and upload.state != UploadState.DISCARDED,
        "steps": import_steps("4", upload) if decides else [],
        "decides": decides and run.state == RunState.PREVIEW,
        "to_write": upload_words(run.counts),
        "confirm_upload": request.GET.get("confirm") == "upload",
    }


def _tabs(request: SchoolRequest, run: Run) -> dict[str, Any]:
    """The three tabs and one page of the rows of the open one."""
    counts = report.tab_counts(run)
    tabs = [
        Tab("errors", _("Errors"), counts.errors),
        Tab("new", _("New"), counts.new),
        Tab("updated", _("Existing & Update"), counts.updated),
    ]
    first = next((tab.key for tab in tabs if tab.number), "errors")
    tab = request.GET.get("tab") if request.GET.get("tab") in FILTERS else first
    search = request.GET.get("q", "").strip()
    only = request.GET.get("only") if request.GET.get("only") in FILTERS[str(tab)] else None
    classes = report.classes(run, str(tab)) if tab != "errors" else []
    student_class = next(
        (each.code for each in classes if each.code == request.GET.get("class")), None
    )
    rows: report.Rows[Any]
    if tab == "errors":
        rows = report.error_rows(run, search, only)
    elif tab == "new":
        rows = report.new_rows(run, search, student_class)
    else:
        rows = report.updated_rows(run, search, only, student_class)
    filters = [(code, _(words)) for code, words in FILTERS[str(tab)].items()]
    applied = run.mode == Mode.LIVE and run.state in {RunState.DONE, RunState.UNDONE}
    may_leave_out = request.membership.may_manage and not run.is_upload and not applied
    narrowed: dict[str, Any] = {
        "may_leave_out": may_leave_out,
        "search": search,
        "only": only,
        "student_class": student_class,
    }
    pages: Pages[Any] = page_of(rows, request)
    problems = _with_others(run, pages.rows) if tab == "errors" else []
    if tab == "new" and may_leave_out:
        narrowed["never"] = single_rules.never_listed(
            request.school, (row.sis_id for row in pages.rows)
        )
    return {
        "tabs": tabs,
        "tab": tab,
        **narrowed,
        "filters": filters,
        "classes": classes,
        "pages": pages,
        "problems": problems,
    }


def _with_others(
    run: Run, rows: Sequence[report.ErrorRow]
) -> list[tuple[report.ErrorRow, tuple[Person, ...]]]:
    """The problems of a page that are clashes over an e-mail, each with the other people."""
    clashes = [(row, Clash(run.pk, run.source, row.code, row.sis_id, row.value)) for row in rows]
    found = clash_people.others(run.school_id, (clash for _row, clash in clashes))
    return [(row, found.get(clash, ())) for row, clash in clashes]
