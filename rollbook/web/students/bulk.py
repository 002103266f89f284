"""Deactivating, reactivating and inviting many students: first how many it is, then the deed. Nothing happens before it is confirmed."""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from rollbook.schools.models import School, User
from rollbook.students import accounts, registration
from rollbook.students.models import StudentAccount
from rollbook.sync.mail import invitations
from rollbook.sync.words.text import number as number_text
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students.student_list import found_by, kept_of, wanted_of


def _invite(school: School, ids: Iterable[UUID], by: User | None) -> int:
    return invitations.invite(
        school, StudentAccount.objects.filter(school=school, pk__in=list(ids)), by
    )


Narrow = Callable[[QuerySet[StudentAccount]], QuerySet[StudentAccount]]
# What a person can do to many: whom it would change, and the deed.
ACTIONS: Final[dict[str, tuple[Narrow, Callable[[School, Iterable[UUID], User | None], int]]]] = {
    "deactivate": (accounts.to_deactivate, accounts.deactivate),
    "reactivate": (accounts.to_reactivate, accounts.reactivate),
    "invite": (registration.to_invite, _invite),
}
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
        "audience": registration.audience(_chosen(request)) if action == "invite" else None,
        "changed_meanwhile": bool(request.POST.get("expected")),
        "checked": [] if request.POST.get("all") else _checked(request),
        "kept": kept_of(request.POST),
        "back": back,
    }
    return render(request, "web/students/students_bulk.html", context)


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
    elif action == "invite":
        one = "A registration email to %(number)s student is on its way."
        text = ngettext(one, "Registration emails to %(number)s students are on their way.", number)
    else:
        text = ngettext(
            "%(number)s student was reactivated.", "%(number)s students were reactivated.", number
        )
    return text % {"number": number_text(number)}


def _nothing(action: str) -> str:
    if action == "deactivate":
        return _(
            "Nothing to do: none of the chosen students has an active account. Tick those you mean first."
        )
    if action == "invite":
        return _(
            "Nothing was sent: each of the chosen students is registered, was invited within a day, or has no active account."
        )
    return _(
        "Nothing to do: every chosen student has an active account already. Tick those you mean first."
    )
