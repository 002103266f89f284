"""The problems of a run with their words: what happened, what to do, who can fix it, and where."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from django.db.models import QuerySet
from django.utils.translation import gettext

from rollbook.roster.problems.catalogue import IssueDetails, explain
from rollbook.roster.sheets.columns import column_letter
from rollbook.sources.registry import SOURCES
from rollbook.students.searching import full_name_text, having_words
from rollbook.sync.models import Issue, Run
from rollbook.sync.report.row_list import FETCHED_AT_A_TIME, RowList
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.severities import SEVERITY_LABELS, WHO_LABELS, worst_first
from rollbook.sync.words.sources import sis_label
from rollbook.sync.words.text import translated, word

ISSUE_TEXT: Final = full_name_text("name", "value", "sis_id")


class ProblemRow(NamedTuple):
    """One problem, ready to show. `severity`, `who_code` and `code` are codes.

    `sis_id` and `name` are empty where the whole run has the problem. `place` is the row and
    column of a spreadsheet, "" for a SIS; `row_number` and `column_index` (from 0) say the same.
    `proposal` is the value that the cell may be meant to have.
    """

    severity: str
    severity_label: str
    sis_id: str
    name: str
    field_label: str
    source_field: str
    value: str
    cause: str
    remedy: str
    who: str
    place: str = ""
    row_number: int | None = None
    column_index: int | None = None
    who_code: str = ""
    code: str = ""
    proposal: str = ""


class FieldPlaces(NamedTuple):
    """Where the fields of a run come from: the label of the SIS, and two tables.

    `source_fields` has the SIS's field by ours, `where` the page of the SIS by its field.
    """

    sis: str
    source_fields: dict[str, str]
    where: dict[str, str]


def field_places(run: Run) -> FieldPlaces:
    """Return where the fields of a run come from."""
    mapping = run.roster_settings.mapping
    source_fields = {field: source_field for source_field, field in mapping}
    where: dict[str, str] = {}
    if run.source in SOURCES:
        variant = SOURCES[run.source].variant(run.roster_settings.variant)
        rows = [variant.row(source_field, field) for source_field, field in mapping]
        where = {row.source_field: translated(row.where) for row in rows if row is not None}
    return FieldPlaces(sis_label(run), source_fields, where)


def problem_rows(run: Run, search: str = "", severity: str | None = None) -> RowList[ProblemRow]:
    """Return the problems of a run, errors first. A search looks at name, SIS ID and value."""
    issues = Issue.objects.filter(school_id=run.school_id, run_id=run.pk)
    issues = having_words(issues, search, ISSUE_TEXT)
    if severity:
        issues = issues.filter(severity=severity)
    places = field_places(run)
    issues = issues.order_by(worst_first(), "pk")
    return RowList(issues, lambda issue: problem_row(issue, places), one_pass=bool(search))


def explained(run: Run, issues: QuerySet[Issue]) -> Iterator[tuple[Issue, ProblemRow]]:
    """Yield these problems of a run, each with its words."""
    places = field_places(run)
    for issue in issues.iterator(chunk_size=FETCHED_AT_A_TIME):
        yield issue, problem_row(issue, places)


def problem_row(issue: Issue, places: FieldPlaces) -> ProblemRow:
    """Return one problem with its words."""
    field_label = word(FIELD_LABELS, issue.field)
    source_field = issue.source_field or places.source_fields.get(issue.field, "")
    place = place_words(issue.row_number, issue.column_index)
    details = IssueDetails(
        code=issue.code,
        sis=places.sis,
        source_field=source_field,
        where=places.where.get(source_field, ""),
        field_label=field_label,
        value=issue.value,
        sis_id=issue.sis_id or "",
        place=place,
        other=issue.other,
    )
    explanation = explain(details, gettext)
    return ProblemRow(
        severity=issue.severity,
        severity_label=word(SEVERITY_LABELS, issue.severity),
        sis_id=issue.sis_id or "",
        name=issue.name,
        field_label=field_label,
        source_field=source_field,
        value=issue.value,
        cause=explanation.cause,
        remedy=explanation.remedy,
        who=word(WHO_LABELS, explanation.fixed_by),
        place=place,
        row_number=issue.row_number,
        column_index=issue.column_index,
        who_code=explanation.fixed_by,
        code=issue.code,
        proposal=issue.other if issue.code == "name_broken" else "",
    )


def place_words(row_number: int | None, column_index: int | None) -> str:
    """Return a place in a spreadsheet as "row 12, column D", or "" for a SIS."""
    if row_number is None:
        return ""
    if column_index is None:
        return gettext("row %(row)s") % {"row": row_number}
    return gettext("row %(row)s, column %(column)s") % {
        "row": row_number,
        "column": column_letter(column_index),
    }
