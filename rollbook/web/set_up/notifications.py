"""The screen where each person chooses their mails; people who manage also see the last mails."""

from contextlib import suppress
from typing import Final, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from rollbook.config import config
from rollbook.schools.mail import MailState
from rollbook.sync.mail import choices
from rollbook.sync.models import Notice, NoticeEvent
from rollbook.sync.setup import versions
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.badge import Badge
from rollbook.web.forms import Form, KnownChoicesField
from rollbook.web.paging import Pages, page_of
from rollbook.web.saved_over import SavedOver, saving, shown_with

HELP: Final = {
    NoticeEvent.CREDENTIALS_REFUSED: gettext_lazy(
        "The SIS rejected our credentials or removed a permission. "
        "Nothing syncs until somebody fixes this."
    ),
    NoticeEvent.FAILED: gettext_lazy(
        "A run could not finish. No account was changed. The mail says why and what to do."
    ),
    NoticeEvent.ON_HOLD: gettext_lazy(
        "A plan looked unusual, so nothing was applied. Somebody must approve or discard it."
    ),
    NoticeEvent.DID_NOT_RUN: gettext_lazy(
        "A run was due but did not start, for example because an earlier run is on hold."
    ),
    NoticeEvent.PROBLEMS: gettext_lazy(
        "The run finished, but some records must be corrected in the SIS."
    ),
    NoticeEvent.CHANGES: gettext_lazy(
        "Accounts were created or updated. The mail gives the numbers. "
        "If nothing changed, there is no mail."
    ),
}
BADGES: Final = {
    MailState.WAITING: ("clock", "info"),
    MailState.SENT: ("circle-check", "good"),
    MailState.UNDELIVERED: ("circle-x", "problem"),
}


class EventsForm(Form):
    """The events that a person ticked."""

    events = KnownChoicesField(
        label=gettext_lazy("Send me mail when"), choices=NoticeEvent.choices, required=False
    )


class EventBox(NamedTuple):
    """One event with its box to tick."""

    value: str
    label: str
    help: str
    chosen: bool


class MailRow(NamedTuple):
    """One mail in the list. `tries` is "" for a mail that was sent."""

    notice: Notice
    event: str
    badge: Badge
    tries: str


@require_http_methods(["GET", "POST"])
@school_required()
def notifications(request: SchoolRequest) -> HttpResponse:
    """Show a person's own choice of mails, and save it."""
    form = EventsForm(request.POST) if request.method == "POST" else _saved_form(request)
    if form.is_bound and form.is_valid():
        with suppress(SavedOver):
            with saving(request.school, form, lambda: _saved_form(request)):
                _save(request, form.cleaned_data["events"])
            return redirect("notifications", request.school.pk)
    chosen = form["events"].value() or ()
    integrations = request.school.integrations.order_by("created_at")
    context: dict[str, object] = {
        "form": form,
        "boxes": [
            EventBox(event.value, str(event.label), str(HELP[event]), event in chosen)
            for event in NoticeEvent
        ],
        "silenced": [each for each in integrations if not each.notify_on_errors],
        "sends_mail": bool(config.email_url),
        "caught_mail": config.caught_mail,
    }
    if request.membership.may_manage:
        context |= _last_mails(request)
    return render(request, "web/set_up/notifications.html", context)


def _saved_form(request: SchoolRequest) -> EventsForm:
    form = EventsForm(initial={"events": choices.chosen_events(request.membership)})
    return shown_with(form, versions.of_notices(request.membership))


def _save(request: SchoolRequest, events: list[str]) -> None:
    choices.choose(request.membership, events, request.person)
    if choices.chosen_events(request.membership):
        message = _("Saved. You get mail about what is ticked below.")
    else:
        message = _("Saved. You get no mail about this school's syncs.")
    messages.success(request, message)


def _last_mails(request: SchoolRequest) -> dict[str, object]:
    mails = (
        Notice.objects.filter(school=request.school)
        .select_related("user", "run", "integration")
        .order_by("-created_at", "pk")
    )
    pages: Pages[Notice] = page_of(mails, request)
    return {
        "pages": pages,
        "mails": [_mail_row(notice) for notice in pages.rows],
        "undelivered": mails.filter(state=MailState.UNDELIVERED).count(),
    }


def _mail_row(notice: Notice) -> MailRow:
    state = MailState(notice.state)
    badge = Badge(str(state.label), *BADGES[state])
    return MailRow(notice, str(NoticeEvent(notice.event).label), badge, _tries(notice, state))


def _tries(notice: Notice, state: MailState) -> str:
    """Return how often a mail was tried, in words; "" if it was sent or not tried yet."""
    if state == MailState.SENT or not notice.tries:
        return ""
    if state == MailState.UNDELIVERED:
        words = ngettext(
            "given up after %(count)d try", "given up after %(count)d tries", notice.tries
        )
    else:
        words = ngettext("%(count)d try so far", "%(count)d tries so far", notice.tries)
    return words % {"count": notice.tries}
