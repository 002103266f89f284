"""The pages of an operator: schools, health, jobs and measures; never students."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, NamedTuple, ParamSpec, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from rollbook import scope
from rollbook.schools import emergency, staff_invitations
from rollbook.schools.models import Role, School, User
from rollbook.schools.refusals import PeopleRefused
from rollbook.sync import queue
from rollbook.sync.mail import staff
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import school as school_setup
from rollbook.sync.worker.metrics import DESCRIPTIONS, measures
from rollbook.web.forms import Form
from rollbook.web.freshness import is_fresh
from rollbook.web.paging import Pages, page_of
from rollbook.web.set_up.schedule_forms import ZoneInput, zone_names
from rollbook.web.step_up import ask_for_proof

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class NewSchoolForm(Form):
    """The name and zone of a school, and the address of its first owner."""

    name = forms.CharField(label=gettext_lazy("Name of the school"), required=False, strip=False)
    timezone = forms.CharField(label=gettext_lazy("Time zone"), required=False, widget=ZoneInput())
    email = forms.CharField(
        label=gettext_lazy("E-mail of the first owner"),
        required=False,
        help_text=gettext_lazy("Gets an invitation. Owners invite everybody else."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class OwnerForm(Form):
    """The address of the first owner of a school that has nobody yet."""

    email = forms.CharField(
        label=gettext_lazy("E-mail of the first owner"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class EnterForm(Form):
    """Why an operator enters a school."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=emergency.LONGEST_REASON,
        help_text=gettext_lazy("The school reads it, and the audit log keeps it. Name no student."),
    )


class MeasureRow(NamedTuple):
    """One number of monitoring, with its description and labels in one text."""

    name: str
    description: str
    labels: str
    value: float


def operator_required(view: View[P]) -> Callable[..., HttpResponse]:
    """Let operators of the installation in; anybody else gets a 404."""

    @never_cache
    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not cast(User, request.user).is_operator:
            raise Http404
        with scope.of_installation(scope.Across.OPERATORS):
            return view(request, *args, **kwargs)

    return guarded


@require_http_methods(["GET", "POST"])
@operator_required
def installation(request: HttpRequest) -> HttpResponse:
    """Show the schools and add one."""
    form = NewSchoolForm(request.POST or None, initial={"timezone": "Asia/Singapore"})
    if request.method == "POST" and form.is_valid() and _added(request, form):
        return redirect("installation")
    schools = School.objects.annotate(
        number_of_people=Count("memberships", distinct=True),
        number_of_owners=Count("memberships", filter=Q(memberships__role=Role.OWNER)),
        last_run=Max("runs__requested_at"),
    )
    pages: Pages[Any] = page_of(schools.order_by("name", "pk"), request)
    context = {"form": form, "pages": pages, "zones": zone_names("Asia/Singapore")}
    return render(request, "web/operations/installation.html", context)


def _added(request: HttpRequest, form: NewSchoolForm) -> bool:
    """Add a school and invite its owner, both or neither. False with the reasons in the form."""
    typed = school_setup.SchoolSettings(form.cleaned_data["name"], form.cleaned_data["timezone"])
    operator = cast(User, request.user)
    try:
        with transaction.atomic():
            school = school_setup.add(typed, operator)
            staff.invite(school, form.cleaned_data["email"], Role.OWNER, operator)
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    except PeopleRefused as refused:
        form.add_error("email", refused.what)
        return False
    text = _("%(school)s was added. %(email)s gets an invitation as its owner.")
    words = {"school": school.name, "email": form.cleaned_data["email"].strip().lower()}
    messages.success(request, text % words)
    return True


@require_http_methods(["GET", "POST"])
@operator_required
def installation_school(request: HttpRequest, school_id: UUID) -> HttpResponse:
    """Show what an operator may know of a school; invite its first owner."""
    school = get_object_or_404(School, pk=school_id)
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            email = form.cleaned_data["email"]
            staff.invite(school, email, Role.OWNER, cast(User, request.user))
            messages.success(request, _("The invitation is on its way."))
            return redirect("installation-school", school.pk)
        except PeopleRefused as refused:
            form.add_error("email", refused.what)
    return _school_page(request, school, form, EnterForm())


@require_http_methods(["POST"])
@operator_required
def enter_school(request: HttpRequest, school_id: UUID) -> HttpResponse:
    """Give the operator access to a school for an hour."""
    school = get_object_or_404(School, pk=school_id)
    if not is_fresh(request):
        return ask_for_proof(request, reverse("installation-school", args=[school.pk]))
    form = EnterForm(request.POST)
    if form.is_valid():
        try:
            staff.enter(school, cast(User, request.user), form.cleaned_data["reason"])
            return redirect("upload", school.pk)
        except PeopleRefused as refused:
            form.add_error("reason", refused.what)
    return _school_page(request, school, OwnerForm(), form)


def _school_page(
    request: HttpRequest, school: School, owner_form: OwnerForm, enter_form: EnterForm
) -> HttpResponse:
    operator = cast(User, request.user)
    context = {
        "school": school,
        "owner_form": owner_form,
        "enter_form": enter_form,
        "has_people": school.memberships.exists(),
        "invitations": staff_invitations.open_invitations(school),
        "access": emergency.open_access(operator.pk, school.pk),
        "minutes": int(emergency.LASTS.total_seconds()) // 60,
    }
    return render(request, "web/operations/installation_school.html", context)


@require_GET
@operator_required
def installation_health(request: HttpRequest) -> HttpResponse:
    """Show the workers, the jobs and the measures."""
    rows = []
    for measure in measures():
        labels = ", ".join(f"{name}={value}" for name, value in measure.labels.items())
        row = MeasureRow(measure.name, DESCRIPTIONS[measure.name], labels, measure.value)
        rows.append(row)
    context = {
        "workers": queue.workers_alive(),
        "jobs": queue.job_counts(),
        "measures": sorted(rows),
    }
    return render(request, "web/operations/installation_health.html", context)
