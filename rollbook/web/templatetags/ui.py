"""The tags that templates are built from: icons, cards and notes, and how times, spans and numbers are written."""

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.schools.models import School
from rollbook.sync.models import Run
from rollbook.sync.report import work_list
from rollbook.sync.setup import link_decisions
from rollbook.sync.words import sources
from rollbook.sync.words import text as text_words
from rollbook.sync.words.text import number as number_text

register = template.Library()

NOTE_ICONS = {
    "info": "info",
    "look": "triangle-alert",
    "problem": "circle-x",
    "good": "circle-check",
}


@register.filter
def translated(text: str) -> str:
    """Return a text that `roster` or a source marked for translation, in the reader's language."""
    return text_words.translated(text)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """One icon of the sprite, hidden from screen readers: the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {extra}" if extra else "",
        static("rollbook/icons.svg"),
        name,
    )


@register.simple_block_tag
def card(content: str, title: str = "", level: int = 2, id: str = "") -> SafeString:
    """A card with a head; the content brings its own `card-body` and `card-foot`."""
    return render_to_string(
        "components/card.html", {"content": content, "title": title, "level": level, "id": id}
    )


@register.simple_block_tag
def note(content: str, kind: str = "info", role: str = "") -> SafeString:
    """A note of kind info, look, problem or good."""
    return render_to_string(
        "components/note.html",
        {"content": content, "kind": kind, "icon_name": NOTE_ICONS[kind], "role": role},
    )


@register.simple_tag
def badge(words: str, icon_name: str, kind: str = "") -> SafeString:
    """A state as icon and word, never by colour alone."""
    return render_to_string(
        "components/badge.html", {"words": words, "icon_name": icon_name, "kind": kind}
    )


@register.inclusion_tag("components/table_head.html")
def table_head(*columns: str, hidden: str = "") -> dict[str, Any]:
    """The head of a table that stacks on a phone; `hidden` names a last column of buttons for screen readers only."""
    return {"columns": columns, "hidden": hidden}


@register.simple_tag
def open_problems(school: School) -> str:
    """How many problems of the school are open, for the navigation; "" for none."""
    count = work_list.count_open(school)
    if count > work_list.COUNTED:
        return f"{number(work_list.COUNTED)}+"
    return number(count) if count else ""


@register.simple_tag
def open_links(school: School) -> int:
    """How many possible links between existing accounts and students of a SIS nobody has decided."""
    return link_decisions.undecided(school).count()


@register.filter
def number(value: Any) -> str:
    """1240 as 1,240, in the reader's way of writing it."""
    return number_text(value or 0)


@register.filter
def uploader_type(run: Run) -> str:
    """Return how the history names a run."""
    return sources.uploader_type(run)


@register.filter
def when(value: datetime | None, place: str = "") -> str | SafeString:
    """An instant as a person says it, in the school's zone: Today, 2:04 AM; `inside` a sentence: today, 2:04 AM.

    The element carries the full instant.
    """
    if value is None:
        return "—"
    local, today = timezone.localtime(value), timezone.localdate()
    clock = dateformat.format(local, "g:i A")
    if local.date() == today:
        words = (_("today, %(time)s") if place else _("Today, %(time)s")) % {"time": clock}
    elif local.date() == today - timedelta(days=1):
        words = (_("yesterday, %(time)s") if place else _("Yesterday, %(time)s")) % {"time": clock}
    elif local.date() == today + timedelta(days=1):
        words = (_("tomorrow, %(time)s") if place else _("Tomorrow, %(time)s")) % {"time": clock}
    else:
        day = dateformat.format(local, "M j" if local.year == today.year else "M j, Y")
        words = _("%(day)s, %(time)s") % {"day": day, "time": clock}
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), words)


@register.simple_tag
def zone() -> str:
    """The zone that the times on this page are in, named: Asia/Singapore (UTC+08:00)."""
    offset = timezone.localtime().strftime("%z")
    return f"{timezone.get_current_timezone_name()} (UTC{offset[:3]}:{offset[3:]})"


@register.filter
def span(value: timedelta | None, place: str = "") -> str:
    """How long something took, in the words of a person: 48 seconds, 3 min 5 s; `inside` a sentence: under a second."""
    if value is None:
        return "—"
    seconds = round(value.total_seconds())
    if seconds < 1:
        return _("under a second") if place else _("Under a second")
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    return _("%(minutes)s min %(seconds)d s") % {
        "minutes": number(seconds // 60),
        "seconds": seconds % 60,
    }


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and last word of a name, for the profile picture."""
    words = name.split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"
