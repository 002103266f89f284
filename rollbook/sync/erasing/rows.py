"""Removes what the tables have about a student: rows of runs, problems, proposals, texts."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Model, Q, QuerySet, TextField
from django.db.models.functions import Cast, Lower

from rollbook.schools.models import School
from rollbook.students.models import AccountEvent, NeverImport, StudentAccount
from rollbook.sync.erasing.traces import Traces
from rollbook.sync.models import (
    Change,
    ConnectionTest,
    Issue,
    LinkDecision,
    LinkProposal,
    MissingAccount,
    Notice,
    Problem,
    ReportFile,
    Run,
    Trigger,
)

# Texts about other students, or about a run, in which the student may be named.
TEXTS: Final[dict[type[Model], tuple[str, ...]]] = {
    Issue: ("other", "value"),
    Problem: ("other", "value"),
    Change: ("before", "after", "sis_answer"),
    AccountEvent: ("before", "after"),
    Run: ("alarms", "error_what", "error_remedy", "settings", "roster_names"),
    Notice: ("reason", "trouble"),
}


def remove_rows(school: School, traces: Traces) -> int:
    """Remove every row about the student and the accounts; blank other texts. Return how many."""
    number = 0
    for rows in _rows_about(school, traces):
        number += rows.delete()[0]
    for model, fields in TEXTS.items():
        number += _blank(model._default_manager.filter(school=school), fields, traces)
    ConnectionTest.objects.filter(school=school).update(sample=b"")
    accounts = StudentAccount.objects.filter(school=school, pk__in=traces.account_ids)
    return number + accounts.delete()[0]


def _rows_about(school: School, traces: Traces) -> Iterator[QuerySet[Any]]:
    ids = traces.account_ids
    nameless = Q(sis_id__isnull=True) & Q(name__in=traces.names)
    by_email = Q(email_key__in=traces.email_keys)
    changes = Change.objects.filter(school=school).annotate(email_key=Lower("email"))
    yield changes.filter(Q(account_id__in=ids) | _by_sis_id(traces, "run__source") | by_email)
    issues = Issue.objects.filter(school=school)
    yield issues.filter(_by_sis_id(traces, "run__source") | nameless)
    yield Problem.objects.filter(school=school).filter(_by_sis_id(traces, "source") | nameless)
    yield LinkProposal.objects.filter(_by_sis_id(traces, "source"), school=school)
    yield LinkDecision.objects.filter(_by_sis_id(traces, "source"), school=school)
    yield MissingAccount.objects.filter(school=school, account_id__in=ids)
    yield NeverImport.objects.filter(never_import_entries(traces), school=school)
    # They are made again when somebody asks for one.
    yield ReportFile.objects.filter(school=school)


def never_import_entries(traces: Traces) -> Q:
    """Return the entries of the never-import list that the tombstones replace."""
    sis_ids = [sis_id for _source, sis_id in traces.sis_ids]
    by_email = Q(field="email", key__in=traces.email_keys)
    return Q(field="sis_id", key__in=sis_ids) | by_email


def _by_sis_id(traces: Traces, source_column: str) -> Q:
    """Return the rows with a SIS ID of the student, of this source or of an upload."""
    uploads = Q()
    if source_column.startswith("run__"):
        uploads = Q(run__trigger=Trigger.UPLOAD) & Q(
            sis_id__in=[each for _, each in traces.sis_ids]
        )
    pairs = (
        Q(**{source_column: source}, sis_id=sis_id) for source, sis_id in traces.sis_ids if source
    )
    return reduce(or_, pairs, uploads or Q(pk__in=()))


def _blank(rows: QuerySet[Any], fields: tuple[str, ...], traces: Traces) -> int:
    """Blank the texts that hold something of the student; return in how many rows."""
    if not traces.texts:
        return 0
    columns = {f"{field}_text": Lower(Cast(field, TextField())) for field in fields}
    hits = [Q(**{f"{column}__contains": text}) for column in columns for text in traces.texts]
    number = 0
    for row in rows.annotate(**columns).filter(reduce(or_, hits)):
        changed = {}
        for field in fields:
            value = getattr(row, field)
            blanked = _without(value, traces)
            if blanked != value:
                changed[field] = blanked
        if changed:
            number += rows.filter(pk=row.pk).update(**changed)
    return number


def _without(value: Any, traces: Traces) -> Any:
    """Return a text or a JSON value without the parts that hold something of the student."""
    if isinstance(value, str):
        return "" if traces.is_in(value) else value
    if isinstance(value, list):
        return [_without(each, traces) for each in value]
    if isinstance(value, dict):
        return {
            key: _without(each, traces)
            for key, each in value.items()
            if not (isinstance(each, str) and traces.is_in(each)) and not traces.is_in(key)
        }
    return value
