"""Which columns the list of students has: each person's own choice, and the order that a heading stands for."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools.models import Membership
from rollbook.students.models import StudentAccount
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required

NAMES: Final = ("first_name", "last_name")  # one column, which is always shown
LEADING: Final = ("email", "student_number", "sis_id", "graduation_year", "grade_level")
COLUMNS: Final = (
    *LEADING,
    *(field for field in STUDENT_FIELDS if field not in (*LEADING, *NAMES)),
    *("source", "status", "updated_at"),
)
USUAL: Final = ("email", "student_number", "sis_id", "graduation_year", "source", "status")
WORDS: Final = FIELD_LABELS | {
    "source": gettext_noop("Source"),
    "updated_at": gettext_noop("Last changed"),
}
KEPT: Final = (
    "q",
    "year",
    "status",
    "source",
    "registration",
    "problem",
    "order",
)  # the filter, as it travels on
SORTED_BY: Final = {"name": "name", "email": "email", "graduation_year": "year"}


class Heading(NamedTuple):
    """One heading. `address` sorts by it; `sorted` is ascending, descending or ""."""

    key: str
    label: str
    address: str
    sorted: str


class Cell(NamedTuple):
    """One value. `badges` is true for the status, which is shown with badges instead."""

    label: str
    text: str
    badges: bool = False


class Option(NamedTuple):
    key: str
    label: str
    chosen: bool


def chosen_columns(membership: Membership) -> list[str]:
    """What this person wants to see, in the order of COLUMNS."""
    wanted = membership.student_columns
    return [key for key in COLUMNS if key in (USUAL if wanted is None else wanted)]


def options(membership: Membership) -> list[Option]:
    """Every column with whether it is shown."""
    shown = chosen_columns(membership)
    return [Option(key, word(WORDS, key), key in shown) for key in COLUMNS]


def headings(membership: Membership, order: str, kept: dict[str, str]) -> list[Heading]:
    """The headings from left to right; a second click turns the order round."""
    return [_heading(key, order, kept) for key in ("name", *chosen_columns(membership))]


def _heading(key: str, order: str, kept: dict[str, str]) -> Heading:
    label = _("Student") if key == "name" else word(WORDS, key)
    by = SORTED_BY.get(key)
    if by is None:
        return Heading(key, label, "", "")
    direction = {by: "ascending", f"-{by}": "descending"}.get(order, "")
    return Heading(
        key, label, f"?{urlencode(kept | {'order': f'-{by}' if order == by else by})}", direction
    )


def cells(account: StudentAccount, columns: list[str], source: str) -> list[Cell]:
    """The values of one student, ready to show."""
    return [_cell(account, key, source) for key in columns]


def _cell(account: StudentAccount, key: str, source: str) -> Cell:
    label = word(WORDS, key)
    if key == "status":
        return Cell(label, "", badges=True)
    value: Any = source if key == "source" else getattr(account, key)
    if key == "updated_at":
        value = formats.date_format(timezone.localtime(value), "SHORT_DATE_FORMAT")
    return Cell(label, "—" if value in (None, "") else str(value))


@require_http_methods(["GET", "POST"])
@school_required()
def student_columns(request: SchoolRequest) -> HttpResponse:
    """Choose what this person wants to see, and go back to the list as it was filtered."""
    told = request.POST if request.method == "POST" else request.GET
    kept = {key: told.get(key, "") for key in KEPT if told.get(key)}
    back = f"{reverse('students', args=[request.school.pk])}?{urlencode(kept)}"
    if request.method != "POST":
        return render(
            request,
            "web/students/student_columns.html",
            {"columns": options(request.membership), "kept": kept, "back": back},
        )
    wanted = (
        None
        if request.POST.get("action") == "usual"
        else [key for key in COLUMNS if key in request.POST.getlist("column")]
    )
    Membership.objects.filter(pk=request.membership.pk).update(student_columns=wanted)
    return redirect(back)
