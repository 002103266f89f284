"""The students of a report by class: by grade level where the accounts have one, else by graduation year."""

from typing import Final, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext

from rollbook.students.models import StudentAccount
from rollbook.sync.models import Change

FIELDS: Final = {"grade": "grade_level", "year": "graduation_year"}


class StudentClass(NamedTuple):
    """One class. `code` is `grade 12` or `year 2027`."""

    code: str
    label: str


def classes_of(changes: QuerySet[Change]) -> list[StudentClass]:
    """The classes of these rows, in order."""
    for kind in FIELDS:
        named = changes.annotate(class_name=_name(kind)).filter(class_name__isnull=False).order_by()
        names = sorted(
            named.values_list("class_name", flat=True).distinct(),
            key=lambda name: (name.rjust(4), name),
        )
        if names:
            return [StudentClass(f"{kind} {name}", _label(kind, name)) for name in names]
    return []


def in_class(changes: QuerySet[Change], code: str) -> QuerySet[Change]:
    """The rows of one class; of an unknown code none."""
    kind, _space, name = code.partition(" ")
    return (
        changes.annotate(class_name=_name(kind)).filter(class_name=name)
        if kind in FIELDS
        else changes.none()
    )


def _name(kind: str) -> Coalesce:
    """The name of a student's class: as the row says, else as the account has it."""
    accounts = StudentAccount.objects.filter(
        pk=OuterRef("account_id"), school_id=OuterRef("school_id")
    )
    held = Cast(Subquery(accounts.values(FIELDS[kind])[:1]), TextField())
    return Coalesce(KT(f"after__{FIELDS[kind]}"), held)


def _label(kind: str, name: str) -> str:
    return (gettext("Grade %(name)s") if kind == "grade" else gettext("Class of %(name)s")) % {
        "name": name
    }
