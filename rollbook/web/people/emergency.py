"""Ending an operator's emergency access by a click."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.schools import emergency
from rollbook.schools.models import EmergencyAccess, Role
from rollbook.web.access import SchoolRequest, own_row, school_required


@require_POST
@school_required()
def end_emergency(request: SchoolRequest, access_id: UUID) -> HttpResponse:
    """End the access: the operator their own, an owner of the school each."""
    accesses = EmergencyAccess.objects.select_related("school")
    access = own_row(request, accesses, pk=access_id)
    is_own = access.operator_id == request.person.pk
    is_owner = request.emergency is None and request.membership.role == Role.OWNER
    if not (is_own or is_owner):
        raise PermissionDenied(_("Only an owner of this school can end the access."))
    emergency.end(access, request.person)
    messages.success(request, _("The operator's access has ended."))
    if is_own:
        return redirect("installation")
    return redirect("people", request.school.pk)
