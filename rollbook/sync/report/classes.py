"""The students of a report by class: by grade level where accounts have one, else by year."""

from typing import Final, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from rollbook.students.models import StudentAccount
from rollbook.sync.models import Change

FIELDS: Final = {"grade": "grade_level", "year": "graduation_year"}


class StudentClass(NamedTuple):
    """One class. `code` is `grade 12` or `year 2027`."""

    code: str
    label: str


def classes_of(changes: QuerySet[Change]) -> list[StudentClass]:
    """Return the classes of these changes, in order."""
    for kind in FIELDS:
        in_a_class = changes.annotate(class_name=_class_name(kind))
        in_a_class = in_a_class.filter(class_name__isnull=False).order_by()
        names = in_a_class.values_list("class_name", flat=True).distinct()
        # Numbers in their order: 9 comes before 10.
        ordered = sorted(names, key=lambda name: (name.rjust(4), name))
        if ordered:
            return [StudentClass(f"{kind} {name}", _class_label(kind, name)) for name in ordered]
    return []


def in_class(changes: QuerySet[Change], code: str) -> QuerySet[Change]:
    """Return the changes of one class, none for an unknown code."""
    kind, _space, name = code.partition(" ")
    if kind not in FIELDS:
        return changes.none()
    return changes.annotate(class_name=_class_name(kind)).filter(class_name=name)


def _class_name(kind: str) -> Coalesce:
    """Return the expression for a student's class: from the change, else from the account."""
    field = FIELDS[kind]
    accounts = StudentAccount.objects.filter(
        pk=OuterRef("account_id"), school_id=OuterRef("school_id")
    )
    of_account = Cast(Subquery(accounts.values(field)[:1]), TextField())
    return Coalesce(KT(f"after__{field}"), of_account)


def _class_label(kind: str, name: str) -> str:
    text = _("Grade %(name)s") if kind == "grade" else _("Class of %(name)s")
    return text % {"name": name}
