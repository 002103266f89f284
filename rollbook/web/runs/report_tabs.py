"""The three tabs of a run's report, and one page of the rows of the open tab."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from rollbook.students import never_import_list
from rollbook.sync.models import Mode, Run, RunState
from rollbook.sync.report import clash_people
from rollbook.sync.report.clash_people import Clash, Person
from rollbook.sync.report.class_moves import class_moves
from rollbook.sync.report.counts import ChangeCounts, tab_counts
from rollbook.sync.report.problem_rows import ProblemRow
from rollbook.web.access import SchoolRequest
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.row_filter import FILTERS
from rollbook.web.shown import ids_by_sis_id, note_shown


class Tab(NamedTuple):
    """A tab with its number of rows."""

    key: str
    label: str
    number: int


def report_tabs(
    request: SchoolRequest, run: Run, changes: ChangeCounts | None = None
) -> dict[str, Any]:
    """Return what the templates of a report show.

    `changes` are the result of `count_changes` where that is known already.
    """
    counts = tab_counts(run, changes)
    tabs = [
        Tab("errors", _("Errors"), counts.errors),
        Tab("new", _("New"), counts.new),
        Tab("updated", _("Existing & Update"), counts.updated),
    ]
    tab = request.GET.get("tab", "")
    if tab not in FILTERS:
        tab = next((each.key for each in tabs if each.number), "errors")
    filters = FILTERS[tab](request.GET, run)
    pages: Pages[Any] = page_of(
        filters.rows,
        request,
        filters.parameters,
        total=None if filters.narrows else getattr(counts, tab),
    )
    ids = [getattr(row, "account_id", None) for row in pages.rows]
    if tab == "errors":
        sis_ids = [row.sis_id for row in pages.rows]
        ids += ids_by_sis_id(request, run.source, sis_ids)
    note_shown(request, "run.viewed", ids, subject=run.pk, rows=len(pages.rows))
    may_leave_out = _may_leave_out(request, run)
    context = {
        "tabs": tabs,
        "tab": tab,
        "filters": filters,
        "pages": pages,
        "problems": _with_other_people(run, pages.rows) if tab == "errors" else [],
        "may_leave_out": may_leave_out,
    }
    is_beginning = not request.htmx and not filters.narrows and not pages.previous
    if tab == "updated" and is_beginning:  # it goes through all rows of the run
        context["class_moves"] = class_moves(run)
    if tab == "new" and may_leave_out:
        sis_ids = [row.sis_id for row in pages.rows]
        context["never"] = never_import_list.listed_sis_ids(request.school, sis_ids)
    return context


def _may_leave_out(request: SchoolRequest, run: Run) -> bool:
    """Return whether a new student can be put on the never import list from here."""
    applied = run.mode == Mode.LIVE and run.state in {RunState.DONE, RunState.UNDONE}
    return request.membership.may_manage and not run.is_upload and not applied


def _with_other_people(
    run: Run, rows: Sequence[ProblemRow]
) -> list[tuple[ProblemRow, tuple[Person, ...]]]:
    """Return the problems of a page. Where an e-mail clashes, add the other people who have it."""
    clashes = [(row, Clash(run.pk, run.source, row.code, row.sis_id, row.value)) for row in rows]
    people = clash_people.others(run.school_id, (clash for _row, clash in clashes))
    return [(row, people.get(clash, ())) for row, clash in clashes]
