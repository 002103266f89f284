"""Merge two accounts of one person: find the other, compare both, choose the values, confirm."""

from typing import Any, Final, NamedTuple
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from rollbook.students import listing, merging, unmerging
from rollbook.students.links import links_of
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.filters import SearchField
from rollbook.web.forms import Form
from rollbook.web.shown import note_shown
from rollbook.web.students.one_student import account_of

MOST_FOUND: Final = 10


class Line(NamedTuple):
    """One field of both accounts.

    `take_other`: the form offers the other account's value, because the kept account has none.
    """

    field: str
    label: str
    kept_value: str
    other: str
    differs: bool
    take_other: bool


class OtherForm(Form):
    """Which account is the other one, and the words that it is searched by."""

    other = forms.UUIDField(required=False)
    q = SearchField(required=False)


class MergeForm(Form):
    """The versions of both accounts that the person saw, and for each field whose value is kept.

    A version that can't be read counts as 0, which no account has: the merge is refused.
    """

    version = forms.IntegerField(required=False)
    other_version = forms.IntegerField(required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        for name in merging.FIELDS:
            self.fields[name] = forms.CharField(required=False)

    @property
    def versions(self) -> tuple[int, int]:
        """The versions of the kept account and of the other one."""
        return self.given("version") or 0, self.given("other_version") or 0

    @property
    def taken(self) -> list[str]:
        """The fields whose value is the other account's."""
        return [name for name in merging.FIELDS if self.given(name) == "other"]


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def student_merge(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Search for the other account; with `other` in the address, show both side by side."""
    account = account_of(request, student_id)
    form = OtherForm(request.POST if request.method == "POST" else request.GET)
    other_id = form.given("other")
    other = account_of(request, other_id) if other_id else None
    refused = ""
    if request.method == "POST" and other is not None:
        try:
            _merge(account, other, request)
            return redirect("student", request.school.pk, account.pk)
        except Refused as refusal:
            refused = str(refusal)
            account, other = account_of(request, account.pk), account_of(request, other.pk)
    search = form.given("q") or ""
    context: dict[str, Any] = {
        "account": account,
        "other": other,
        "lines": _lines(account, other) if other else [],
        "links": [_links_text(account), _links_text(other)] if other else [],
        "merged_links": _merged_links_text(account, other) if other else "",
        "search": search,
        "candidates": [] if other else _candidates(account, search),
        "refused": refused,
    }
    others = [other] if other else context["candidates"]
    note_shown(request, "student.merge_viewed", [each.pk for each in others], subject=account.pk)
    status = 409 if refused else 200
    return render(request, "web/students/student_merge.html", context, status=status)


def _links_text(account: StudentAccount) -> str:
    """Return the SISs and SIS IDs of an account."""
    if not account.source:
        return ", ".join(filter(None, [source_label(""), account.sis_id]))
    links = (f"{source_label(link.source)}, {link.sis_id}" for link in links_of(account))
    return "; ".join(links) or source_label(account.source)


def _merged_links_text(account: StudentAccount, other: StudentAccount) -> str:
    """Return what the merge does with the links of the other account, as sentences."""
    links = merging.merged_links(account, other)
    sentences = []
    if not account.sis_id and other.sis_id:
        text = _("The kept account takes over the other account's link to the SIS.")
        sentences.append(text)
    if links.further:
        sis = ", ".join(source_label(source) for source in links.further)
        text = _("The kept account is then linked to %(sis)s as well.")
        sentences.append(text % {"sis": sis})
    if links.doubled:
        text = _(
            "The kept account keeps its link. The other SIS ID, %(id)s, goes on the never import "
            "list. No run makes a second account."
        )
        sentences.append(text % {"id": ", ".join(links.doubled)})
    return " ".join(sentences)


def _merge(account: StudentAccount, other: StudentAccount, request: SchoolRequest) -> None:
    """Merge as the form says. Raises Refused."""
    form = MergeForm(request.POST)
    merging.merge(account, other, request.person, form.taken, versions=form.versions)
    text = _("Merged. The other account is closed and points to this one. You can undo this here.")
    messages.success(request, text)


@require_POST
@school_required(manage=True)
def student_unmerge(request: SchoolRequest, student_id: UUID) -> HttpResponse:
    """Undo the merge of the account in the address. Values changed since then stay as they are."""
    other = account_of(request, student_id)
    account = other.merged_into
    try:
        unchanged = unmerging.take_back(other, request.person)
    except Refused as refused:
        messages.warning(request, str(refused))
        return redirect("student", request.school.pk, other.pk)
    if unchanged:
        names = ", ".join(word(FIELD_LABELS, field) for field in unchanged if field in FIELD_LABELS)
        text = _("The merge was undone. These values stay, because they changed since: %(names)s.")
        messages.warning(request, text % {"names": names})
    else:
        messages.success(request, _("The merge was undone. Both accounts are as they were before."))
    return redirect("student", request.school.pk, (account or other).pk)


def _candidates(account: StudentAccount, search: str) -> list[StudentAccount]:
    """Return the students found by the search, or without one those with the same last name."""
    words = listing.StudentQuery(search=search or account.last_name)
    others = listing.students(account.school, words).exclude(pk=account.pk)
    others = others.exclude(status=AccountStatus.MERGED)
    return list(listing.ordered(others, "name")[:MOST_FOUND])


def _lines(account: StudentAccount, other: StudentAccount) -> list[Line]:
    return [
        Line(
            field=side.field,
            label=word(FIELD_LABELS, side.field),
            kept_value=_text(side.account),
            other=_text(side.other),
            differs=side.differs,
            take_other=side.account is None,
        )
        for side in merging.side_by_side(account, other)
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
