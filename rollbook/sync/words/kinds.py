"""The words for a kind of change: its label, its tile, what a run did and what it will do."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from django.utils.functional import Promise
from django.utils.text import get_text_list
from django.utils.translation import gettext, gettext_lazy, ngettext_lazy
from django.utils.translation import gettext_noop as _

from rollbook.roster.planning.changes import ChangeKind
from rollbook.sync.models import RunCounts
from rollbook.sync.words.severities import SEVERITY_PLURALS
from rollbook.sync.words.text import number, word

# Numbers by kind, as a plan counts them or as a run stores them.
Counts: TypeAlias = Mapping[str, int] | Mapping[ChangeKind, int]

# The kinds that change an account which exists.
UPDATED_KINDS: Final = (
    ChangeKind.LINKED,
    ChangeKind.UPDATED,
    ChangeKind.RETURNING,
    ChangeKind.LEFT,
    ChangeKind.GRADUATED,
    ChangeKind.EMAIL_FREED,
)
# The kinds that are only reported.
LISTED_KINDS: Final = (
    ChangeKind.NOT_IN_ROSTER,
    ChangeKind.OUTSIDE_SELECTION,
    ChangeKind.PROTECTED,
    ChangeKind.NEVER_IMPORTED,
)

KIND_LABELS: Final[dict[str, str]] = {
    ChangeKind.NEW: _("New"),
    ChangeKind.LINKED: _("Linked"),
    ChangeKind.UPDATED: _("Updated"),
    ChangeKind.UNCHANGED: _("Unchanged"),
    ChangeKind.RETURNING: _("Returning"),
    ChangeKind.OUTSIDE_SELECTION: _("Outside the selected grades"),
    ChangeKind.NOT_IN_ROSTER: _("No longer in the SIS"),
    ChangeKind.LEFT: _("Left"),
    ChangeKind.GRADUATED: _("Graduated"),
    ChangeKind.EMAIL_FREED: _("E-mail freed"),
    ChangeKind.PROTECTED: _("Protected"),
    ChangeKind.NEVER_IMPORTED: _("Never imported"),
}
EMAIL_CHANGED: Final = "email_changed"  # counts changes of several kinds
# Every count of a run, by its key in `Run.counts`.
COUNT_LABELS: Final[dict[str, str]] = {
    **KIND_LABELS,
    EMAIL_CHANGED: _("E-mail changed"),
    **SEVERITY_PLURALS,
}
TILE_LABELS: Final[dict[str, str]] = {**COUNT_LABELS, "overtaken": _("Overtaken")}
# What the tile of a count says under its number: true of test runs and held runs as well.
TILE_HINTS: Final[dict[str, Promise]] = {
    ChangeKind.NEW: gettext_lazy("had no account before"),
    ChangeKind.LINKED: gettext_lazy("existing accounts, same e-mail and name"),
    ChangeKind.UPDATED: gettext_lazy("with values that differ"),
    EMAIL_CHANGED: gettext_lazy("of these: new sign-in e-mail"),
    ChangeKind.RETURNING: gettext_lazy("had an account that was closed"),
    ChangeKind.UNCHANGED: gettext_lazy("already in step"),
    ChangeKind.OUTSIDE_SELECTION: gettext_lazy("or schools: left as they are"),
    ChangeKind.NOT_IN_ROSTER: gettext_lazy("listed, left as they are"),
    ChangeKind.LEFT: gettext_lazy("missing long enough"),
    ChangeKind.GRADUATED: gettext_lazy("their class is over"),
    ChangeKind.EMAIL_FREED: gettext_lazy("of closed accounts, for other students"),
    ChangeKind.PROTECTED: gettext_lazy("protected by a person, left as they are"),
    ChangeKind.NEVER_IMPORTED: gettext_lazy("on your list, no account made"),
    "overtaken": gettext_lazy("edited meanwhile, left as they are"),
    "error": gettext_lazy("records skipped"),
    "warning": gettext_lazy("single values dropped"),
}

# What a run did: as the first part of a sentence, and as any part after it.
APPLIED: Final[dict[ChangeKind, tuple[Promise, Promise]]] = {
    ChangeKind.NEW: (
        ngettext_lazy(
            "%(number)s account was created", "%(number)s accounts were created", "count"
        ),
        ngettext_lazy("%(number)s was created", "%(number)s were created", "count"),
    ),
    ChangeKind.UPDATED: (
        ngettext_lazy(
            "%(number)s account was updated", "%(number)s accounts were updated", "count"
        ),
        ngettext_lazy("%(number)s was updated", "%(number)s were updated", "count"),
    ),
    ChangeKind.LINKED: (
        ngettext_lazy("%(number)s account was linked", "%(number)s accounts were linked", "count"),
        ngettext_lazy("%(number)s was linked", "%(number)s were linked", "count"),
    ),
    ChangeKind.RETURNING: (
        ngettext_lazy(
            "%(number)s account was brought back", "%(number)s accounts were brought back", "count"
        ),
        ngettext_lazy("%(number)s was brought back", "%(number)s were brought back", "count"),
    ),
    ChangeKind.LEFT: (
        ngettext_lazy(
            "%(number)s account was closed as left",
            "%(number)s accounts were closed as left",
            "count",
        ),
        ngettext_lazy("%(number)s was closed as left", "%(number)s were closed as left", "count"),
    ),
    ChangeKind.GRADUATED: (
        ngettext_lazy(
            "%(number)s account was closed as graduated",
            "%(number)s accounts were closed as graduated",
            "count",
        ),
        ngettext_lazy(
            "%(number)s was closed as graduated", "%(number)s were closed as graduated", "count"
        ),
    ),
    ChangeKind.EMAIL_FREED: (
        ngettext_lazy(
            "%(number)s account was made to give up its e-mail",
            "%(number)s accounts were made to give up their e-mails",
            "count",
        ),
        ngettext_lazy(
            "%(number)s was made to give up its e-mail",
            "%(number)s were made to give up their e-mails",
            "count",
        ),
    ),
}
# What a held run will do.
PLANNED: Final[dict[ChangeKind, Promise]] = {
    ChangeKind.NEW: ngettext_lazy("%(number)s new account", "%(number)s new accounts", "count"),
    ChangeKind.UPDATED: ngettext_lazy(
        "%(number)s account updated", "%(number)s accounts updated", "count"
    ),
    ChangeKind.LINKED: ngettext_lazy(
        "%(number)s account linked", "%(number)s accounts linked", "count"
    ),
    ChangeKind.RETURNING: ngettext_lazy(
        "%(number)s account brought back", "%(number)s accounts brought back", "count"
    ),
    ChangeKind.LEFT: ngettext_lazy(
        "%(number)s account closed as left", "%(number)s accounts closed as left", "count"
    ),
    ChangeKind.GRADUATED: ngettext_lazy(
        "%(number)s account closed as graduated", "%(number)s accounts closed as graduated", "count"
    ),
    ChangeKind.EMAIL_FREED: ngettext_lazy(
        "%(number)s e-mail of a closed account freed",
        "%(number)s e-mails of closed accounts freed",
        "count",
    ),
}
_NEW: Final = ngettext_lazy("%(number)s new", "%(number)s new", "count")
_UPDATED: Final = ngettext_lazy("%(number)s updated", "%(number)s updated", "count")


def applied_words(counts: Counts) -> str:
    """Return what a run did: "126 accounts were created and 3 were updated."; "" for nothing."""
    parts: list[str] = []
    for kind, (first, after) in APPLIED.items():
        if count := counts.get(kind, 0):
            parts.append(_counted(after if parts else first, count))
    if not parts:
        return ""
    return gettext("%(list)s.") % {"list": get_text_list(parts, gettext("and"))}


def planned_parts(counts: Counts) -> list[str]:
    """Return what a run will do, by kind: ["126 new accounts", "3 accounts linked"]."""
    return [_counted(words, counts[kind]) for kind, words in PLANNED.items() if counts.get(kind)]


def count_words(counts: Mapping[str, int]) -> str:
    """Return the counts of a run that are not zero: "New: 3, Unchanged: 1,120"."""
    parts = [
        f"{word(COUNT_LABELS, key)}: {number(counts[key])}"
        for key in COUNT_LABELS
        if counts.get(key)
    ]
    return ", ".join(parts)


def upload_words(counts: RunCounts) -> str:
    """Return what confirming an upload writes: "126 new, 3 updated"; "" for nothing."""
    updated = sum(counts.number(kind) for kind in UPDATED_KINDS)
    parts: Iterable[tuple[Promise, int]] = (
        (_NEW, counts.new),
        (_UPDATED, updated),
    )
    return ", ".join(_counted(words, count) for words, count in parts if count)


def _counted(words: Promise, count: int) -> str:
    return str(words % {"count": count, "number": number(count)})
