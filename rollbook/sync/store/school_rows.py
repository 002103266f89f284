"""Deletes all rows of a school."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.apps import apps
from django.db import connection, models
from psycopg import sql

from rollbook.schools.models import AuditEntry

APPS: Final = ("schools", "students", "sync")
KEPT: Final = (AuditEntry,)


def delete_school_rows(school_id: UUID) -> int:
    """Delete every row of a school, each table in a transaction of its own; return how many.

    The school's own row and the audit log stay.
    """
    number = 0
    with connection.cursor() as cursor:
        for model in tables_of_schools():
            statement = sql.SQL("DELETE FROM {} WHERE school_id = %s")
            table = sql.Identifier(model._meta.db_table)
            cursor.execute(statement.format(table), [school_id])
            number += cursor.rowcount
    return number


def tables_of_schools() -> Iterator[type[models.Model]]:
    """Yield the models whose rows belong to a school, those that refer to others first."""
    waiting = [
        model
        for label in APPS
        for model in apps.get_app_config(label).get_models()
        if model not in KEPT and "school" in {field.name for field in model._meta.get_fields()}
    ]
    while waiting:
        model = next(each for each in waiting if not _is_referred_to(each, waiting))
        waiting.remove(model)
        yield model


def _is_referred_to(model: type[models.Model], others: list[type[models.Model]]) -> bool:
    return any(
        field.related_model is model
        for other in others
        if other is not model
        for field in other._meta.concrete_fields
        if field.is_relation
    )
