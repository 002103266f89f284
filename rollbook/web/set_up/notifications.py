"""Which mails a person gets, each for themselves; and, for those who manage the school, what became of the last mails."""

from typing import Final, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from rollbook.config import config
from rollbook.schools.mail import MailState
from rollbook.sync.mail import notices
from rollbook.sync.models import ERROR_EVENTS, Notice, NoticeEvent
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.paging import Pages, page_of
from rollbook.web.runs.run_words import Badge

HELP: Final = {
    NoticeEvent.CREDENTIALS_REFUSED: gettext_lazy(
        "The SIS did not let us in, or took away a right that we need. Nothing syncs until somebody mends it."
    ),
    NoticeEvent.FAILED: gettext_lazy(
        "A run could not finish. No account was changed; the mail says why and what to do."
    ),
    NoticeEvent.ON_HOLD: gettext_lazy(
        "A plan looked unusual, so nothing was applied. Somebody has to approve or discard it."
    ),
    NoticeEvent.DID_NOT_RUN: gettext_lazy(
        "It was due, but something stood in its way, such as an earlier run that is on hold."
    ),
    NoticeEvent.PROBLEMS: gettext_lazy(
        "The run finished, but some records need a correction in the SIS."
    ),
    NoticeEvent.CHANGES: gettext_lazy(
        "Accounts were created or updated. The mail gives the numbers; where nothing changed there is none."
    ),
}
BADGES: Final = {
    MailState.WAITING: ("clock", "info"),
    MailState.SENT: ("circle-check", "good"),
    MailState.UNDELIVERED: ("circle-x", "problem"),
}


class Option(NamedTuple):
    """One event to tick."""

    value: str
    label: str
    help: str
    chosen: bool


class Line(NamedTuple):
    """One mail as the list shows it."""

    notice: Notice
    event: str
    badge: Badge
    tries: str


@require_http_methods(["GET", "POST"])
@school_required()
def notifications(request: SchoolRequest) -> HttpResponse:
    if request.method == "POST":
        notices.choose(request.membership, request.POST.getlist("events"), request.person)
        some = notices.chosen_events(request.membership)
        said = (
            _("Saved. You get mail about what is ticked below.")
            if some
            else _("Saved. You get no mail about this school's syncs.")
        )
        messages.success(request, said)
        return redirect("notifications", request.school.pk)
    chosen = notices.chosen_events(request.membership)
    context = {
        "options": [
            Option(event.value, str(event.label), str(HELP[event]), event in chosen)
            for event in NoticeEvent
        ],
        "silenced": [
            one
            for one in request.school.integrations.order_by("created_at")
            if not one.notify_on_errors
        ],
        "error_labels": [str(event.label) for event in ERROR_EVENTS],
        "sends_mail": bool(config.email_url),
        "caught_mail": config.caught_mail,
    }
    if request.membership.may_manage:
        context |= _last_mails(request)
    return render(request, "web/set_up/notifications.html", context)


def _last_mails(request: SchoolRequest) -> dict[str, object]:
    rows = (
        Notice.objects.filter(school=request.school)
        .select_related("user", "run", "integration")
        .order_by("-created_at", "pk")
    )
    pages: Pages[Notice] = page_of(rows, request)
    undelivered = rows.filter(state=MailState.UNDELIVERED).count()
    return {
        "pages": pages,
        "lines": [_line_of(notice) for notice in pages.rows],
        "undelivered": undelivered,
    }


def _line_of(notice: Notice) -> Line:
    state = MailState(notice.state)
    tries = ""
    if state != MailState.SENT and notice.tries:
        tries = ngettext("%(count)d try so far", "%(count)d tries so far", notice.tries)
        if state == MailState.UNDELIVERED:
            tries = ngettext(
                "given up after %(count)d try", "given up after %(count)d tries", notice.tries
            )
        tries %= {"count": notice.tries}
    return Line(
        notice, str(NoticeEvent(notice.event).label), Badge(str(state.label), *BADGES[state]), tries
    )
