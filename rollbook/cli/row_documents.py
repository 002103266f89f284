"""The JSON documents of rows: of a run's report, of the work list, of an uploaded file."""

from rollbook.cli.documents import moment
from rollbook.cli.output import Document
from rollbook.roster.sheets.columns import column_letter
from rollbook.sync.models import Change, Issue, Run
from rollbook.sync.report import change_rows
from rollbook.sync.report.class_moves import ClassMove
from rollbook.sync.report.problem_rows import field_places, problem_row
from rollbook.sync.report.work_list import ListedProblem
from rollbook.sync.uploads.inspection import Column


def of_class_move(move: ClassMove) -> Document:
    """Return students of a run who change their grade or graduation year together."""
    return {
        "field": move.field,
        "before": move.before or None,
        "after": move.after or None,
        "students": move.students,
        "renamed": move.renamed,
        "words": move.sentence,
    }


def of_issue(issue: Issue, run: Run) -> Document:
    """Return a problem of a run: `what` is wrong, the `remedy`, and `who` can fix it."""
    words = problem_row(issue, field_places(run))
    return {
        "severity": issue.severity,
        "code": issue.code,
        "sis_id": issue.sis_id,
        "name": issue.name,
        "field": issue.field or None,
        "source_field": issue.source_field or None,
        "value": issue.value or None,
        "other": issue.other or None,
        "what": words.cause,
        "remedy": words.remedy,
        "who": words.who_code,
        "row": issue.row_number,
        "column": None if issue.column_index is None else column_letter(issue.column_index),
    }


def of_change(change: Change, run: Run) -> Document:
    """Return a row of a plan. `reason` is the rule's code, `why` the sentence for people."""
    row = change_rows.updated_row(run, change)
    return {
        "kind": change.kind,
        "sis_id": change.sis_id,
        "student": str(change.account_id) if change.account_id else None,
        "name": row.name,
        "email": change.email,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "why": row.reason,
        "sis_answer": change.sis_answer,
        "outcome": row.outcome,
        "row": change.row_number,
    }


def of_problem(line: ListedProblem) -> Document:
    """Return a problem of the work list, with when and in how many runs it was found."""
    problem, words = line.problem, line.row
    return {
        "severity": problem.severity,
        "code": problem.code,
        "sis_id": problem.sis_id,
        "name": problem.name,
        "source": problem.source,
        "field": problem.field or None,
        "source_field": words.source_field or None,
        "value": problem.value or None,
        "other": problem.other or None,
        "expected": line.expected,
        "where": line.where or None,
        "what": words.cause,
        "remedy": words.remedy,
        "who": words.who_code,
        "new": line.is_new,
        "first_seen_at": moment(problem.first_seen_at),
        "last_seen_at": moment(problem.last_seen_at),
        "first_run": str(problem.first_run_id),
        "last_run": str(problem.last_run_id),
        "runs": problem.runs,
        "fixed_at": moment(problem.fixed_at),
    }


def of_column(column: Column) -> Document:
    """Return a column of an upload: the field it fills, and how that is known."""
    return {
        "letter": column.letter,
        "name": column.name or None,
        "field": column.field,
        "known": _known(column),
        "samples": column.samples,
    }


def _known(column: Column) -> str | None:
    if column.saved:
        return "chosen"
    if column.remembered:
        return "remembered"
    return "guessed" if column.guessed else None
