"""The tags that templates are built from: icons, cards, notes, and how values are written.

None of them asks the database: views load what a page shows.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Final

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.sync.words import sources
from rollbook.sync.words import text as text_words

register = template.Library()

NOTE_ICONS: Final = {
    "info": "info",
    "look": "triangle-alert",
    "problem": "circle-x",
    "good": "circle-check",
}

_BREAKS: Final = re.compile(r"(?<=[@._])")

register.filter("uploader_type", sources.uploader_type)
register.filter("translated", text_words.translated)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """Return an icon of the sprite. Screen readers skip it: the words beside it say the same."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static("rollbook/icons.svg"),
        name,
    )


@register.simple_block_tag
def card(content: str, title: str = "", level: int = 2, id: str = "") -> SafeString:
    """Return a card with a heading. The content has its own `card-body` and `card-foot`."""
    context = {"content": content, "title": title, "level": level, "id": id}
    return render_to_string("components/card.html", context)


@register.simple_block_tag
def note(content: str, kind: str = "info", role: str = "") -> SafeString:
    """Return a note of kind info, look, problem or good."""
    context = {"content": content, "kind": kind, "icon_name": NOTE_ICONS[kind], "role": role}
    return render_to_string("components/note.html", context)


@register.simple_tag
def badge(words: str, icon_name: str, kind: str = "") -> SafeString:
    """Return a state as an icon and words, never as a colour alone."""
    context = {"words": words, "icon_name": icon_name, "kind": kind}
    return render_to_string("components/badge.html", context)


@register.inclusion_tag("components/table_head.html")
def table_head(*columns: str, hidden: str = "") -> dict[str, Any]:
    """Return the head of a table that stacks on a phone.

    `hidden` names a last column of buttons, for screen readers only.
    """
    return {"columns": columns, "hidden": hidden}


@register.filter
def number(value: Any) -> str:
    """Return 1240 as 1,240, as the reader's language writes it."""
    return text_words.number(value or 0)


@register.filter
def breakable(text: Any) -> SafeString:
    """Return a text that may go on in a new line after each @, dot and underscore."""
    parts = [(part,) for part in _BREAKS.split(str(text)) if part]
    return format_html_join(SafeString("<wbr>"), "{}", parts)


@register.filter
def when(value: datetime | None, place: str = "") -> str | SafeString:
    """Return a time as people say it, in the school's zone: "Today, 2:04 AM".

    With "inside" it stands inside a sentence: "today, 2:04 AM". The element holds the exact time.
    """
    if value is None:
        return "—"
    local = timezone.localtime(value)
    text = _day_text(local, inside=bool(place)) % {"time": dateformat.format(local, "g:i A")}
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), text)


def _day_text(local: datetime, *, inside: bool) -> str:
    """Return the day in words, with a place for the time."""
    today = timezone.localdate()
    if local.date() == today:
        return _("today, %(time)s") if inside else _("Today, %(time)s")
    if local.date() == today - timedelta(days=1):
        return _("yesterday, %(time)s") if inside else _("Yesterday, %(time)s")
    if local.date() == today + timedelta(days=1):
        return _("tomorrow, %(time)s") if inside else _("Tomorrow, %(time)s")
    day = dateformat.format(local, "M j" if local.year == today.year else "M j, Y")
    return _("%(day)s, %(time)s").replace("%(day)s", day)


@register.simple_tag
def zone() -> str:
    """Return the time zone of this page with its name: Asia/Singapore (UTC+08:00)."""
    offset = timezone.localtime().strftime("%z")
    return f"{timezone.get_current_timezone_name()} (UTC{offset[:3]}:{offset[3:]})"


@register.filter
def span(value: timedelta | None, place: str = "") -> str:
    """Return how long something took: "48 seconds", "3 min 5 s".

    With "inside" it stands inside a sentence: "under a second".
    """
    if value is None:
        return "—"
    seconds = round(value.total_seconds())
    if seconds < 1:
        return _("under a second") if place else _("Under a second")
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    parts = {"minutes": number(seconds // 60), "seconds": seconds % 60}
    return _("%(minutes)s min %(seconds)d s") % parts


@register.filter
def initials(name: str) -> str:
    """Return the first letters of the first and the last word of a name, for the avatar."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"
