"""Merging two accounts of one person: find the other, look at both side by side, choose each value, confirm; and taking it back."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import listing, merging
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.students.single_rules import Refused
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.students.one_student import account_of

MOST_FOUND: Final = 10


class Line(NamedTuple):
    """One field of both; `other_is_taken` is what the form offers: ours, unless it is empty."""

    field: str
    label: str
    kept: str
    other: str
    differs: bool
    other_is_taken: bool


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def student_merge(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Without `other` in the address a search; with it both side by side."""
    kept = account_of(request, student_id)
    other = _other(request)
    refused = ""
    if request.method == "POST" and other is not None:
        try:
            versions = (_number(request, "version"), _number(request, "other_version"))
            taken = [field for field in merging.FIELDS if request.POST.get(field) == "other"]
            merging.merge(kept, other, request.person, taken, versions=versions)
            messages.success(
                request,
                _(
                    "Merged. The other account is closed and points here; you can take it back below."
                ),
            )
            return redirect("student", request.school.pk, kept.pk)
        except Refused as refusal:
            refused = str(refusal)
            kept, other = account_of(request, student_id), _other(request)
    context = {
        "account": kept,
        "other": other,
        "lines": _lines(kept, other) if other else [],
        "links": [source_label(kept.source), source_label(other.source)] if other else [],
        "search": request.GET.get("q", "").strip(),
        "found": [] if other else _found(request, kept),
        "refused": refused,
    }
    return render(
        request, "web/students/student_merge.html", context, status=409 if refused else 200
    )


@require_POST
@school_required(manage=True)
def student_unmerge(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """The address is the merged account's; what was changed since stays and is named."""
    other = account_of(request, student_id)
    kept = other.merged_into
    try:
        stays = merging.take_back(other, request.person)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("student", request.school.pk, other.pk)
    if stays:
        names = ", ".join(word(FIELD_LABELS, field) for field in stays if field in FIELD_LABELS)
        messages.warning(
            request, _("Taken back, but for what was changed since: %(names)s.") % {"names": names}
        )
    else:
        messages.success(request, _("Taken back: both accounts are as they were before."))
    return redirect("student", request.school.pk, (kept or other).pk)


def _other(request: SchoolRequest) -> StudentAccount | None:
    told = request.POST.get("other") or request.GET.get("other")
    try:
        key = UUID(told or "")
    except ValueError:
        return None
    return get_object_or_404(
        StudentAccount.objects.select_related("school"), pk=key, school=request.school
    )


def _number(request: SchoolRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _found(request: SchoolRequest, kept: StudentAccount) -> list[StudentAccount]:
    """Who the search finds; without one, who bears the same last name."""
    search = request.GET.get("q", "").strip() or kept.last_name
    found = (
        listing.students(request.school, listing.Filter(search=search))
        .exclude(pk=kept.pk)
        .exclude(status=AccountStatus.MERGED)
    )
    return list(listing.ordered(found, "name")[:MOST_FOUND])


def _lines(kept: StudentAccount, other: StudentAccount) -> list[Line]:
    return [
        Line(
            side.field,
            word(FIELD_LABELS, side.field),
            _shown(side.kept),
            _shown(side.other),
            side.differs,
            side.kept is None,
        )
        for side in merging.side_by_side(kept, other)
    ]


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
