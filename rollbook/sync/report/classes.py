"""The students of a report by class: by grade level where accounts have one, else by year."""

from typing import Final, NamedTuple

from django.db.models import OuterRef, QuerySet, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Change, Run

FIELDS: Final = {"grade": "grade_level", "year": "graduation_year"}


class StudentClass(NamedTuple):
    """One class. `code` is `grade 12` or `year 2027`."""

    code: str
    label: str


def classes_of(run: Run, tab: str) -> list[StudentClass]:
    """Return the classes of the students in the tab `new` or `updated`, in order.

    They are stored when the plan is complete: to look through 190,000 rows takes a second. For a
    run of an older version they are stored when somebody first looks at it.
    """
    if run.classes is None:
        run.classes = store.plan_classes(run)
        Run.objects.filter(pk=run.pk, classes__isnull=True).update(classes=run.classes)
    # Numbers in their order: 9 comes before 10.
    codes = sorted(run.classes[tab], key=lambda code: (_name(code).rjust(4), code))
    return [StudentClass(code, _class_label(code)) for code in codes]


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


def _class_label(code: str) -> str:
    text = _("Grade %(name)s") if code.startswith("grade ") else _("Class of %(name)s")
    return text % {"name": _name(code)}


def _name(code: str) -> str:
    return code.partition(" ")[2]
