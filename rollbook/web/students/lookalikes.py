"""Possible duplicates: open accounts with one name and date of birth, and what people decide."""

from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.students import lookalikes, merging
from rollbook.students.models import Lookalike, StudentAccount
from rollbook.sync.words.fields import FIELD_LABELS, value_text
from rollbook.sync.words.sources import source_label
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.paging import Pages, page_of
from rollbook.web.shown import note_shown


class ComparedValue(NamedTuple):
    """One field of both accounts, as text."""

    label: str
    account: str
    other: str


class Pair(NamedTuple):
    """A question with the values of both accounts."""

    question: Lookalike
    values: list[ComparedValue]


@school_required()
def possible_duplicates(request: SchoolRequest) -> HttpResponse:
    """Show the accounts that are alike and undecided, side by side."""
    pages: Pages[Lookalike] = page_of(lookalikes.questions(request.school), request)
    pairs = [
        Pair(question, _values(question))
        for question in pages.rows
        if lookalikes.are_alike(question)
    ]
    questions = [pair.question for pair in pairs]
    ids = [pk for each in questions for pk in (each.account_id, each.other_id)]
    note_shown(request, "lookalikes.viewed", ids, results=len(pairs))
    return render(request, "web/students/lookalikes.html", {"pages": pages, "pairs": pairs})


@require_POST
@school_required(manage=True)
def decide_different(request: SchoolRequest, question_id: int) -> HttpResponse:
    """Decide that two accounts belong to two students."""
    questions = Lookalike.objects.select_related("school")
    question = own_row(request, questions, pk=question_id)
    if lookalikes.decide_different(question, request.person):
        text = _("Saved: two different students. Nobody is asked about these two again.")
        messages.success(request, text)
    return redirect("lookalikes", request.school.pk)


def _values(question: Lookalike) -> list[ComparedValue]:
    account, other = question.account, question.other
    values = [ComparedValue(_("Linked to"), _link(account), _link(other))]
    for side in merging.side_by_side(account, other):
        label = word(FIELD_LABELS, side.field)
        texts = value_text(side.field, side.account), value_text(side.field, side.other)
        values.append(ComparedValue(label, *texts))
    return values


def _link(account: StudentAccount) -> str:
    return " ".join(filter(None, (source_label(account.source), account.sis_id)))
