"""Everything that is stored about one student, for the student or the parents."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from rollbook.schools import clock
from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.sync.models import Change, Issue, MissingAccount, Problem

APPS: Final = ("students", "sync")
# Secrets, digests, and what only repeats another column.
LEFT_OUT: Final = frozenset(
    ("password", "fingerprint", "source_fingerprint", "search_text", "email_key", "address_key")
)
BY_ACCOUNT_ID: Final[tuple[type[Model], ...]] = (Change, MissingAccount)


def student_data(account: StudentAccount) -> dict[str, Any]:
    """Return everything that is stored about a student, as JSON can hold it.

    By table: each row with its columns. The accounts that were merged into this one are among them.
    """
    accounts = _with_merged(account)
    tables: dict[str, list[dict[str, Any]]] = {"StudentAccount": [_row(each) for each in accounts]}
    for model, rows in _tables(account.school_id, [each.pk for each in accounts]):
        if of_student := [_row(each) for each in rows.order_by("pk")]:
            tables[model.__name__] = of_student
    return {
        "school": account.school.name,
        "exported_at": _plain(clock.now()),
        "student": str(account.pk),
        "tables": tables,
    }


def _with_merged(account: StudentAccount) -> list[StudentAccount]:
    newest = accounts = [account]
    while newest:
        here = StudentAccount.objects.filter(school_id=account.school_id)
        newest = list(here.filter(merged_into__in=newest).order_by("pk"))
        accounts = accounts + newest
    return accounts


def _tables(school_id: UUID, ids: list[UUID]) -> list[tuple[type[Model], QuerySet[Any]]]:
    """Return each table that has rows about accounts, with those rows."""
    tables: list[tuple[type[Model], QuerySet[Any]]] = []
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            names = [
                field.name
                for field in model._meta.concrete_fields
                if field.related_model is StudentAccount and model is not StudentAccount
            ]
            if names:
                rows = model._default_manager.filter(school=school_id)
                about = Q()
                for name in names:
                    about |= Q(**{f"{name}__in": ids})
                tables.append((model, rows.filter(about)))
    for model in BY_ACCOUNT_ID:
        rows = model._default_manager.filter(school=school_id)
        tables.append((model, rows.filter(account_id__in=ids)))
    accounts = StudentAccount.objects.filter(pk__in=ids).exclude(sis_id=None)
    links = [
        *accounts.values_list("source", "sis_id"),
        *FurtherLink.objects.filter(account__in=ids).values_list("source", "sis_id"),
    ]
    of_source, of_run = Q(pk__in=()), Q(pk__in=())
    for source, sis_id in links:
        of_source |= Q(source=source, sis_id=sis_id)
        of_run |= Q(run__source=source, sis_id=sis_id)
    problems = Problem.objects.filter(of_source, school=school_id)
    issues = Issue.objects.filter(of_run, school=school_id)
    return [*tables, (Problem, problems), (Issue, issues)]


def _row(row: Model) -> dict[str, Any]:
    columns = {}
    for field in row._meta.concrete_fields:
        if field.name not in LEFT_OUT:
            columns[field.attname] = _plain(getattr(row, field.attname))
    return columns


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value
