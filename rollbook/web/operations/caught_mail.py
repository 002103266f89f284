"""Mails that were caught instead of sent, as the demo does it: a list of them, and one mail as text and as it looks.

Only where the operator names a folder of them, and never in production: whoever signs in may read them all.
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

# A caught mail is shown in a frame of its own: its own styles, and no script, form, link, image or anything from elsewhere.
FRAME_POLICY: Final = {
    "default-src": [NONE],
    "style-src": [UNSAFE_INLINE],
    "sandbox": True,
    "base-uri": [NONE],
    "frame-ancestors": [SELF],
}


class Mail(NamedTuple):
    """What the list shows of one mail; `name` is its file's."""

    name: str
    subject: str
    to: str
    caught_at: datetime


class _Listed(list[Path]):
    """Files as `page_of` takes them."""

    def count(self, *_: object) -> int:
        return len(self)


@never_cache
@login_required
def mails(request: HttpRequest) -> HttpResponse:
    pages: Pages[Path] = page_of(_Listed(sorted(_files().values(), reverse=True)), request)
    return _page(
        request,
        "web/operations/mails.html",
        {"pages": pages, "mails": [_head_of(file) for file in pages.rows]},
    )


@never_cache
@login_required
@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # its types know views without arguments
def mail(request: HttpRequest, name: str) -> HttpResponse:
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
    """The mail as it looks, for the frame."""
    html = (
        BytesParser(EmailMessage, policy=default)
        .parsebytes(_file(name).read_bytes())
        .get_body(("html",))
    )
    if html is None:
        raise Http404
    return HttpResponse(html.get_content())


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Times are those of the reader's first school, as on its own pages."""
    membership = (
        cast(User, request.user)
        .memberships.select_related("school")
        .order_by("school__name")
        .first()
    )
    with timezone.override(zone_of(membership.school) if membership else UTC):
        return render(request, template, context)


def _files() -> dict[str, Path]:
    """The caught mails by name. Raises Http404 where none are caught."""
    if config.caught_mail is None:
        raise Http404
    return {file.name: file for file in config.caught_mail.glob("*.eml")}


def _file(name: str) -> Path:
    """The file of this name, if it is one of the folder's: a name is never made into a path."""
    try:
        return _files()[name]
    except KeyError as error:
        raise Http404 from error


def _head_of(file: Path) -> Mail:
    with file.open("rb") as content:
        head = BytesHeaderParser(policy=default).parse(content)
    caught_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Mail(file.name, str(head["Subject"] or ""), str(head["To"] or ""), caught_at)
