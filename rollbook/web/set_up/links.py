"""Link existing accounts: both sides of each proposal beside each other, and what a person says about it."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from rollbook.schools.models import School
from rollbook.sync.models import LinkProposal
from rollbook.sync.planning import links as linking
from rollbook.sync.planning.links import LinkRefused
from rollbook.sync.report.student_history import source_label
from rollbook.sync.words.labels import LABELS, word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.paging import Pages, page_of

COMPARED: Final = (
    "first_name",
    "last_name",
    "email",
    "birth_date",
    "graduation_year",
    "student_number",
    "sis_id",
)
CLASHES: Final = {
    "names_differ": gettext_lazy("Same e-mail, another name"),
    "two_accounts": gettext_lazy("Two accounts fit this student"),
    "two_records": gettext_lazy("Two students fit this account"),
}
SHOWN: Final = {
    "": gettext_lazy("Undecided"),
    "clash": gettext_lazy("Clashes"),
    "exact": gettext_lazy("Same e-mail and name"),
    "suggested": gettext_lazy("Suggestions"),
    "decided": gettext_lazy("Decided"),
}


class Side(NamedTuple):
    """One field on both sides. `same` is None where one of them is empty."""

    label: str
    ours: str
    theirs: str
    same: bool | None


class Pair(NamedTuple):
    """One proposal as it is shown."""

    proposal: Any
    sides: list[Side]
    clash: str
    sis: str


class _Pairs:
    """The lazy list that a page is cut out of."""

    def __init__(self, found: QuerySet[LinkProposal]) -> None:
        self._found = found

    def count(self) -> int:
        return self._found.count()

    def __getitem__(self, part: slice) -> list[Pair]:
        return [_pair(proposal) for proposal in self._found.select_related("account")[part]]


@school_required()
def links(request: SchoolRequest) -> HttpResponse:
    """The whole page; for a search as one types, the rows alone."""
    only = request.GET.get("only", "")
    only = only if only in SHOWN else ""
    search = request.GET.get("q", "").strip()
    open_ones = linking.undecided(request.school)
    pages: Pages[Pair] = page_of(_Pairs(_found(request.school, only, search)), request)
    context = {
        "pages": pages,
        "only": only,
        "search": search,
        "shown": SHOWN.items(),
        "clashes": open_ones.exclude(clash="").count(),
        "exact": open_ones.filter(same_email=True, same_name=True, clash="").count(),
        "confirm": request.GET.get("confirm") == "exact",
    }
    if request.htmx:
        return render(request, "web/set_up/links_rows.html", context | {"searched": True})
    return render(request, "web/set_up/links.html", context)


def _found(school: School, only: str, search: str) -> QuerySet[LinkProposal]:
    found = linking.decided_ones(school) if only == "decided" else linking.undecided(school)
    exact = Q(same_email=True, same_name=True, clash="")
    if only == "clash":
        found = found.exclude(clash="")
    elif only == "exact":
        found = found.filter(exact)
    elif only == "suggested":
        found = found.filter(clash="").exclude(exact)
    for part in search.replace("\0", " ")[:200].split():
        in_account = (
            Q(account__first_name__icontains=part)
            | Q(account__last_name__icontains=part)
            | Q(account__email__icontains=part)
        )
        found = found.filter(Q(name__icontains=part) | Q(sis_id__icontains=part) | in_account)
    return found


def _pair(proposal: LinkProposal) -> Pair:
    theirs = proposal.record | {"sis_id": proposal.sis_id}
    marks = {
        "email": proposal.same_email,
        "birth_date": proposal.same_birth_date,
        "sis_id": proposal.same_sis_id,
        "student_number": proposal.same_student_number,
    }
    sides = []
    for field in COMPARED:
        held = getattr(proposal.account, field)
        ours, said = "" if held is None else str(held), str(theirs.get(field, ""))
        if ours or said:
            same = (marks.get(field, ours.casefold() == said.casefold())) if ours and said else None
            sides.append(Side(word(LABELS, field), ours, said, same))
    return Pair(
        proposal, sides, str(CLASHES.get(proposal.clash, "")), source_label(proposal.source)
    )


@require_POST
@school_required(manage=True)
def decide_link(request: SchoolRequest, proposal_id: UUID) -> HttpResponse:
    """Confirm, reject, or take either back. A second click finds it said already, and says so."""
    proposal = get_object_or_404(
        LinkProposal.objects.select_related("school"), pk=proposal_id, school=request.school
    )
    told = request.POST.get("say", "")
    try:
        if told == "confirm" and linking.confirm(proposal, request.person):
            messages.success(
                request,
                _("Confirmed. The next live run links the two; until then it can be taken back."),
            )
        elif told == "reject" and linking.reject(proposal, request.person):
            messages.success(
                request, _("Noted: not the same person. They will not be linked or proposed again.")
            )
        elif told == "take_back" and linking.take_back(proposal, request.person):
            messages.success(request, _("Taken back. The two are undecided again."))
        else:
            messages.info(request, _("Nothing was done: that was said already."))
    except LinkRefused as refused:
        messages.error(request, str(refused))
    return redirect("links", request.school.pk)


@require_POST
@school_required(manage=True)
def confirm_exact(request: SchoolRequest) -> HttpResponse:
    """Confirm all proposals whose e-mail and name are the same."""
    number = linking.confirm_exact(request.school, None, request.person)
    if number:
        words = ngettext(
            "%(number)s link was confirmed.", "%(number)s links were confirmed.", number
        )
        messages.success(
            request, words % {"number": number} + " " + _("The next live run makes them.")
        )
    else:
        messages.info(request, _("Nothing was done: there was nothing left to confirm."))
    return redirect("links", request.school.pk)
