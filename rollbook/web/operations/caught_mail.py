"""Emails that were caught instead of sent, as in the demo: the list, and one email.

They are shown only if the operator sets a folder for them, and never in production: everybody
who is signed in can read them all.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp, csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin

from rollbook.config import config
from rollbook.schools.clock import zone_of
from rollbook.schools.models import User
from rollbook.web.paging import Pages, page_of

# A caught email is shown in a frame with its own styles. Nothing else is allowed there: no script,
# form, link or image, and nothing from another server.
FRAME_POLICY: Final = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "sandbox": True,
    "base-uri": [NONE],
    "frame-ancestors": [SELF],
}


class Mail(NamedTuple):
    """One email as the list shows it. `name` is the name of its file."""

    name: str
    subject: str
    to: str
    caught_at: datetime


class _Listed(list[Path]):
    """Files in the form that `page_of` takes."""

    def count(self, *_: object) -> int:
        return len(self)


@never_cache
@login_required
def mails(request: HttpRequest) -> HttpResponse:
    """Show the list, newest first."""
    pages: Pages[Path] = page_of(_Listed(sorted(_files().values(), reverse=True)), request)
    return _page(
        request,
        "web/operations/mails.html",
        {"pages": pages, "mails": [_head_of(file) for file in pages.rows]},
    )


@never_cache
@login_required
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # typed for views without arguments
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one email as text, and in a frame as HTML."""
    file = _file(name)
    parsed = BytesParser(EmailMessage, policy=default).parsebytes(file.read_bytes())
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    context = {
        "mail": _head_of(file),
        "text": text.get_content() if text else "",
        "has_html": html is not None,
    }
    return _page(request, "web/operations/mail.html", context)


@never_cache
@login_required
@xframe_options_sameorigin
@csp(FRAME_POLICY)  # type: ignore[arg-type]
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML of an email, for the frame."""
    parsed = BytesParser(EmailMessage, policy=default).parsebytes(_file(name).read_bytes())
    html = parsed.get_body(("html",))
    if html is None:
        raise Http404
    return HttpResponse(html.get_content())


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page with times in the zone of the reader's first school."""
    memberships = cast(User, request.user).memberships.select_related("school")
    membership = memberships.order_by("school__name").first()
    with timezone.override(zone_of(membership.school) if membership else UTC):
        return render(request, template, context)


def _files() -> dict[str, Path]:
    """Return the caught emails by name. Raises Http404 if no folder is set."""
    if config.caught_mail is None:
        raise Http404
    return {file.name: file for file in config.caught_mail.glob("*.eml")}


def _file(name: str) -> Path:
    """Return the file of this name, if the folder has it. A name is never made into a path."""
    try:
        return _files()[name]
    except KeyError as error:
        raise Http404 from error


def _head_of(file: Path) -> Mail:
    with file.open("rb") as content:
        head = BytesHeaderParser(policy=default).parse(content)
    caught_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Mail(file.name, str(head["Subject"] or ""), str(head["To"] or ""), caught_at)
