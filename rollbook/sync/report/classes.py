"""The students of a report by class: by grade level where accounts have one, else by year."""

from typing import Final, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.translation import gettext as _

from rollbook.students.listing import YEAR
from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Change, Run
from rollbook.sync.words.selection import class_words

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


def in_class(changes: QuerySet[Change], run: Run, code: str) -> QuerySet[Change]:
    """Return those changes of a run that are in a class, none for an unknown code.

    The class is that in the change, else that of the account. The accounts of the class are found
    once: to look up each account took 0.3 s for 95,000 rows.
    """
    kind, _space, name = code.partition(" ")
    is_year = kind == "year" and name.isdecimal() and len(name) <= 4
    if not is_year and kind != "grade":
        return changes.none()
    field = FIELDS[kind]
    accounts = StudentAccount.objects.filter(school_id=run.school_id)
    if is_year:
        accounts = accounts.alias(year=YEAR).filter(year=name)  # there is an index of this
    else:
        accounts = accounts.filter(grade_level=name)
    in_change = Q(class_name=name)
    in_account = Q(class_name__isnull=True, account_id__in=accounts.values("pk"))
    return changes.annotate(class_name=KT(f"after__{field}")).filter(in_change | in_account)


def _class_label(code: str) -> str:
    if code.startswith("grade "):
        return class_words(_name(code))
    return _("Class of %(name)s") % {"name": _name(code)}


def _name(code: str) -> str:
    return code.partition(" ")[2]
