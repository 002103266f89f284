"""Deactivating and reactivating many students: first how many it is, then the deed. Nothing is written before it is confirmed."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rollbook.students import accounts
from rollbook.students.models import StudentAccount
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students import found_by, kept_of, wanted_of

ACTIONS: Final = {"deactivate": (accounts.to_deactivate, accounts.deactivate), "reactivate": (accounts.to_reactivate, accounts.reactivate)}
MOST_CHECKED: Final = 1_000


@require_POST
@school_required(manage=True)
def students_bulk(request: SchoolRequest) -> HttpResponse:
    """The checked students, or with `all` everybody whom the filter shows. `expected` is the number that was confirmed: if it isn't
    the number any more, it is asked again."""
    action, back = request.POST.get("action", ""), _back(request)
    if action not in ACTIONS:
        return redirect(back)
    narrow, do = ACTIONS[action]
    chosen = narrow(_chosen(request))
    if request.POST.get("expected"):
        ids = list(chosen.values_list("pk", flat=True))
        if str(len(ids)) == request.POST["expected"]:
            messages.success(request, _done(action, do(request.school, ids, request.person)))
            return redirect(back)
    number = chosen.count()
    if not number:
        messages.info(request, _nothing(action))
        return redirect(back)
    context = {
        "action": action,
        "number": number,
        "changed_meanwhile": bool(request.POST.get("expected")),
        "checked": [] if request.POST.get("all") else _checked(request),
        "kept": kept_of(request.POST),
        "back": back,
    }
    return render(request, "web/students_bulk.html", context)


def _chosen(request: SchoolRequest) -> QuerySet[StudentAccount]:
    if request.POST.get("all"):
        return found_by(request.school, wanted_of(request.POST))
    return StudentAccount.objects.filter(school=request.school, pk__in=_checked(request))


def _checked(request: SchoolRequest) -> list[UUID]:
    checked = []
    for told in request.POST.getlist("student")[:MOST_CHECKED]:
        try:
            checked.append(UUID(told))
        except ValueError:
            continue
    return checked


def _back(request: SchoolRequest) -> str:
    return f"{reverse('students', args=[request.school.pk])}?{urlencode(kept_of(request.POST))}"


def _done(action: str, number: int) -> str:
    if action == "deactivate":
        one = "%(number)s student was deactivated. Their values stay."
        text = ngettext(one, "%(number)s students were deactivated. Their values stay.", number)
    else:
        text = ngettext("%(number)s student was reactivated.", "%(number)s students were reactivated.", number)
    return text % {"number": number_format(number, use_l10n=True, force_grouping=True)}


def _nothing(action: str) -> str:
    if action == "deactivate":
        return _("Nothing to do: none of the chosen students has an active account. Tick those you mean first.")
    return _("Nothing to do: every chosen student has an active account already. Tick those you mean first.")
