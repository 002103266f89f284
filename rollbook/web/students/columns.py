"""The columns of the list of students: each person chooses them, and a click on a heading sorts."""

from typing import Any, Final, NamedTuple

from django import forms
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.schools.models import Membership
from rollbook.students.models import StudentAccount
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.students.student_filter import StudentFilter

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
SORTED_BY: Final = {"name": "name", "email": "email", "graduation_year": "year"}


class Heading(NamedTuple):
    """A heading of the list.

    `address` sorts by it, "" where nothing does; `sorted` is ascending, descending or "".
    """

    key: str
    label: str
    address: str
    sorted: str


class Cell(NamedTuple):
    """One value of a student. The status has `badges` instead of a text."""

    label: str
    text: str
    badges: bool = False


class ColumnsForm(Form):
    """The columns that a person wants to see. The button `usual` goes back to the usual ones."""

    column = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"), required=False, widget=forms.CheckboxSelectMultiple
    )
    action = forms.CharField(required=False)

    def __init__(self, membership: Membership, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"column": chosen_columns(membership)})
        columns = self.fields["column"]
        assert isinstance(columns, forms.MultipleChoiceField)
        columns.choices = [(key, word(WORDS, key)) for key in COLUMNS]

    @property
    def chosen(self) -> list[str] | None:
        """The chosen columns in their order, or None for the usual ones."""
        if self.given("action") == "usual":
            return None
        ticked = self.given("column") or []
        return [key for key in COLUMNS if key in ticked]


def chosen_columns(membership: Membership) -> list[str]:
    """Return the columns that this person wants to see, in the order of COLUMNS."""
    chosen = membership.student_columns
    return [key for key in COLUMNS if key in (USUAL if chosen is None else chosen)]


def headings(membership: Membership, order: str, parameters: dict[str, str]) -> list[Heading]:
    """Return the headings from left to right. A second click on one reverses the order."""
    return [_heading(key, order, parameters) for key in ("name", *chosen_columns(membership))]


def _heading(key: str, order: str, parameters: dict[str, str]) -> Heading:
    label = _("Student") if key == "name" else word(WORDS, key)
    by = SORTED_BY.get(key)
    if by is None:
        return Heading(key, label, "", "")
    direction = {by: "ascending", f"-{by}": "descending"}.get(order, "")
    next_order = f"-{by}" if order == by else by
    return Heading(key, label, f"?{urlencode(parameters | {'order': next_order})}", direction)


def cells(account: StudentAccount, columns: list[str], source: str) -> list[Cell]:
    """Return the values of a student in these columns, ready to show."""
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
    """Let a person choose columns, then go back to the list as it was filtered."""
    posted = request.method == "POST"
    filters = StudentFilter(request.POST if posted else request.GET, request.school)
    parameters = filters.parameters
    back = f"{reverse('students', args=[request.school.pk])}?{urlencode(parameters)}"
    form = ColumnsForm(request.membership, request.POST if posted else None)
    if posted:
        membership = Membership.objects.filter(pk=request.membership.pk)
        membership.update(student_columns=form.chosen)
        return redirect(back)
    context = {"form": form, "parameters": parameters, "back": back}
    return render(request, "web/students/student_columns.html", context)
