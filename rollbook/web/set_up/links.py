"""The screens that link existing accounts with students of the SIS, and save each decision."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from rollbook.sync.models import Integration, LinkProposal
from rollbook.sync.setup import link_decisions
from rollbook.sync.setup.link_decisions import LinkRefused
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form
from rollbook.web.paging import Pages, page_of
from rollbook.web.set_up.link_filter import LinkFilter
from rollbook.web.shown import note_shown

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
    "names_differ": gettext_lazy("Same e-mail, different name"),
    "other_birth": gettext_lazy("Same e-mail and name, other date of birth or class"),
    "two_accounts": gettext_lazy("Two accounts match this student"),
    "two_records": gettext_lazy("Two students match this account"),
}
CONFIRM, REJECT, TAKE_BACK = "confirm", "reject", "take_back"


class DecisionForm(Form):
    """What a person decides about one proposal."""

    say = forms.ChoiceField(choices=[(value, value) for value in (CONFIRM, REJECT, TAKE_BACK)])


class ComparedField(NamedTuple):
    """One field of the account and of the SIS record. `same` is None if one of them is empty."""

    label: str
    account_value: str
    record_value: str
    same: bool | None


class ShownProposal(NamedTuple):
    """One proposal as the page shows it. `clash` is "" for a proposal without a clash.

    `linked_to` is the other active SIS that has the account, "" where there is none.
    """

    proposal: Any
    fields: list[ComparedField]
    clash: str
    sis: str
    linked_to: str


class _ShownProposals:
    """The proposals of a query; only those of the open page are loaded."""

    def __init__(self, proposals: QuerySet[LinkProposal]) -> None:
        self._proposals = proposals

    def count(self) -> int:
        return self._proposals.count()

    def __getitem__(self, part: slice) -> list[ShownProposal]:
        shown = list(self._proposals.select_related("account")[part])
        active = Integration.objects.filter(school__in={each.school_id for each in shown})
        sources = set(active.filter(active=True).values_list("source", flat=True))
        return [_shown(each, sources) for each in shown]


@school_required()
def links(request: SchoolRequest) -> HttpResponse:
    """Show the page; for a search while typing, only its rows."""
    filters = LinkFilter(request.GET, request.school)
    undecided = link_decisions.undecided(request.school)
    proposals = _ShownProposals(filters.qs)
    pages: Pages[ShownProposal] = page_of(proposals, request, filters.parameters)
    ids = [each.proposal.account_id for each in pages.rows]
    note_shown(request, "links.viewed", ids, results=pages.total)
    context = {
        "filters": filters,
        "pages": pages,
        "clashes": undecided.exclude(clash="").count(),
        "exact": undecided.filter(same_email=True, same_name=True, clash="").count(),
    }
    if request.htmx:
        return render(request, "web/set_up/links_rows.html", context | {"searched": True})
    return render(request, "web/set_up/links.html", context)


def _shown(proposal: LinkProposal, active: set[str]) -> ShownProposal:
    source = proposal.account.source
    is_elsewhere = source in active and source != proposal.source
    return ShownProposal(
        proposal,
        _compared(proposal),
        clash=str(CLASHES.get(proposal.clash, "")),
        sis=source_label(proposal.source),
        linked_to=source_label(source) if is_elsewhere else "",
    )


def _compared(proposal: LinkProposal) -> list[ComparedField]:
    """Return the fields that the account or the record has a value for."""
    record = proposal.record | {"sis_id": proposal.sis_id}
    marks = {
        "email": proposal.same_email,
        "birth_date": proposal.same_birth_date,
        "sis_id": proposal.same_sis_id,
        "student_number": proposal.same_student_number,
    }
    fields = []
    for name in COMPARED:
        value = getattr(proposal.account, name)
        account_value = "" if value is None else str(value)
        record_value = str(record.get(name, ""))
        if not account_value and not record_value:
            continue
        same = None
        if account_value and record_value:
            same = marks.get(name, account_value.casefold() == record_value.casefold())
        fields.append(ComparedField(word(FIELD_LABELS, name), account_value, record_value, same))
    return fields


@require_POST
@school_required(manage=True)
def decide_link(request: SchoolRequest, proposal_id: UUID) -> HttpResponse:
    """Confirm or reject a proposal, or take that back. A second click changes nothing."""
    proposal = own_row(request, LinkProposal.objects.select_related("school"), pk=proposal_id)
    form = DecisionForm(request.POST)
    try:
        message = _decided(request, proposal, form.cleaned_data["say"]) if form.is_valid() else ""
    except LinkRefused as refused:
        messages.error(request, str(refused))
    else:
        if message:
            messages.success(request, message)
        else:
            messages.info(request, _("Nothing changed. This decision was already saved."))
    return redirect("links", request.school.pk)


def _decided(request: SchoolRequest, proposal: LinkProposal, decision: str) -> str:
    """Save a decision and return the message about it; "" if it was saved before.

    Raises LinkRefused.
    """
    if decision == CONFIRM and link_decisions.confirm(proposal, request.person):
        return _("Confirmed. The next live run links them. You can take this back until then.")
    if decision == REJECT and link_decisions.reject(proposal, request.person):
        return _("Saved: not the same person. They will not be linked or suggested again.")
    if decision == TAKE_BACK and link_decisions.take_back(proposal, request.person):
        return _("Taken back. You can decide again.")
    return ""


@require_POST
@school_required(manage=True)
def confirm_exact(request: SchoolRequest) -> HttpResponse:
    """Confirm every proposal with the same e-mail and the same name."""
    number = link_decisions.confirm_exact(request.school, None, request.person)
    if number:
        message = ngettext(
            "%(number)s link is confirmed. The next live run makes it.",
            "%(number)s links are confirmed. The next live run makes them.",
            number,
        )
        messages.success(request, message % {"number": number})
    else:
        messages.info(request, _("Nothing changed. There was nothing left to confirm."))
    return redirect("links", request.school.pk)
