"""Deactivate, reactivate or invite many students: show how many, then do it when confirmed."""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_POST

from rollbook.schools.models import School, User
from rollbook.students import accounts, inviting
from rollbook.students.models import StudentAccount
from rollbook.sync.mail import invitations
from rollbook.sync.words.text import number as number_text
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.students.student_filter import StudentFilter

MOST_TICKED: Final = 1_000


class Action(NamedTuple):
    """Something to do to many students, and the texts about it.

    `narrow` leaves those whom it changes. `done` takes %(number)s students.
    """

    narrow: Callable[[QuerySet[StudentAccount]], QuerySet[StudentAccount]]
    do: Callable[[School, Iterable[UUID], User | None], int]
    done: Any
    nothing: Any


def _invite(school: School, ids: Iterable[UUID], by: User | None) -> int:
    these = StudentAccount.objects.filter(school=school, pk__in=list(ids))
    return invitations.invite(school, these, by)


ACTIONS: Final = {
    "deactivate": Action(
        narrow=accounts.to_deactivate,
        do=accounts.deactivate,
        done=ngettext_lazy(
            "%(number)s student was deactivated. Their values stay.",
            "%(number)s students were deactivated. Their values stay.",
            "count",
        ),
        nothing=gettext_lazy(
            "Nothing to do: no chosen student has an active account. Tick the students first."
        ),
    ),
    "reactivate": Action(
        narrow=accounts.to_reactivate,
        do=accounts.reactivate,
        done=ngettext_lazy(
            "%(number)s student was reactivated.",
            "%(number)s students were reactivated.",
            "count",
        ),
        nothing=gettext_lazy(
            "Nothing to do: every chosen student has an active account. Tick the students first."
        ),
    ),
    "invite": Action(
        narrow=inviting.to_invite,
        do=_invite,
        done=ngettext_lazy(
            "A registration email to %(number)s student is on its way.",
            "Registration emails to %(number)s students are on their way.",
            "count",
        ),
        nothing=gettext_lazy(
            "Nothing was sent. Each chosen student is registered, was invited within a day, "
            "or has no active account."
        ),
    ),
}


class TickedField(forms.Field):
    """The ids of the ticked students. What is no id is left out."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[UUID]:
        ids = []
        for text in list(value or ())[:MOST_TICKED]:
            try:
                ids.append(UUID(text))
            except ValueError:
                continue
        return ids


class BulkForm(Form):
    """What to do, and to whom: the ticked students, or with `all` everybody in the filter.

    `expected` is the number of students that was confirmed.
    """

    action = forms.ChoiceField(choices=[(name, name) for name in ACTIONS])
    all = forms.BooleanField(required=False)
    student = TickedField(required=False)
    expected = forms.CharField(required=False)


@require_POST
@school_required(manage=True)
def students_bulk(request: SchoolRequest) -> HttpResponse:
    """Ask for a confirmation, or do what was confirmed.

    If the number is not the confirmed one any more, ask again.
    """
    form, filters = BulkForm(request.POST), StudentFilter(request.POST, request.school)
    list_address = reverse("students", args=[request.school.pk])
    back = f"{list_address}?{urlencode(filters.parameters)}"
    if not form.is_valid():
        return redirect(back)
    chosen = _chosen(request.school, form, filters)
    action = ACTIONS[form.cleaned_data["action"]]
    to_change = action.narrow(chosen)
    expected = form.cleaned_data["expected"]
    if expected:
        ids = list(to_change.values_list("pk", flat=True))
        if str(len(ids)) == expected:
            number = action.do(request.school, ids, request.person)
            messages.success(request, _done(action, number))
            return redirect(back)
    number = to_change.count()
    if not number:
        messages.info(request, str(action.nothing))
        return redirect(back)
    name = form.cleaned_data["action"]
    context = {
        "action": name,
        "number": number,
        "audience": inviting.audience(chosen) if name == "invite" else None,
        "changed_meanwhile": bool(expected),
        "ticked": [] if form.cleaned_data["all"] else form.cleaned_data["student"],
        "parameters": filters.parameters,
        "back": back,
    }
    return render(request, "web/students/students_bulk.html", context)


def _chosen(school: School, form: BulkForm, filters: StudentFilter) -> QuerySet[StudentAccount]:
    if form.cleaned_data["all"]:
        return filters.qs
    return StudentAccount.objects.filter(school=school, pk__in=form.cleaned_data["student"])


def _done(action: Action, number: int) -> str:
    return str(action.done % {"count": number, "number": number_text(number)})
