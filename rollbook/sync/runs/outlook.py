"""What a person can decide about a held run: what each decision will do, in numbers, and doing it over with wider limits."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import BooleanField, Case, Count, Value, When
from django.utils.formats import number_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from rollbook.roster.planning import WRITING_KINDS, ChangeKind
from rollbook.schools.models import User
from rollbook.sync.models import LEFT_OUT, Change, Integration, Run, Trigger
from rollbook.sync.runs import states
from rollbook.sync.runs.left_out import never_wanted

WILL: Final = {
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
}


class Outlook(NamedTuple):
    """What each decision will do, as sentences with numbers."""

    approve: str
    additions: str
    discard: str


def outlook(run: Run) -> Outlook:
    """The sentences of a held run, counted from its stored rows."""
    changes = Change.objects.filter(
        school_id=run.school_id,
        run_id=run.pk,
        kind__in=(*WRITING_KINDS, ChangeKind.NOT_IN_ROSTER),
        outcome="",
    )
    changes = changes.exclude(never_wanted(run))
    risky = Case(
        When(LEFT_OUT, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    found = (
        changes.annotate(risky=risky)
        .order_by()
        .values_list("kind", "risky")
        .annotate(number=Count("pk"))
    )
    counts = {(ChangeKind(kind), left_out): number for kind, left_out, number in found}
    everything = {kind: counts.get((kind, False), 0) + counts.get((kind, True), 0) for kind in WILL}
    additions = {kind: counts.get((kind, False), 0) for kind in WILL}
    edited = (
        _("Whoever was edited meanwhile is left alone and listed.")
        if any(everything.values())
        else ""
    )
    missing = _missing(counts.get((ChangeKind.NOT_IN_ROSTER, False), 0))
    return Outlook(
        " ".join(filter(None, (_applied(everything), missing, edited))),
        " ".join(
            filter(
                None,
                (
                    _applied(additions),
                    missing,
                    _left_out(sum(everything.values()) - sum(additions.values())),
                ),
            )
        ),
        _discarded(sum(everything.values())),
    )


def _applied(counts: Mapping[ChangeKind, int]) -> str:
    parts = [
        str(words % {"count": counts[kind], "number": _number(counts[kind])})
        for kind, words in WILL.items()
        if counts[kind]
    ]
    if not parts:
        return _("No account is changed.")
    return _("Applied at once: %(list)s.") % {"list": get_text_list(parts, _("and"))}


def _missing(number: int) -> str:
    words = ngettext(
        "%(number)s missing student is only listed: the account stays as it is.",
        "%(number)s missing students are only listed: their accounts stay as they are.",
        number,
    )
    return words % {"number": _number(number)} if number else ""


def _left_out(number: int) -> str:
    if not number:
        return _(
            "Nothing has to be left out: nobody would be closed, or get another sign-in e-mail or SIS ID."
        )
    words = ngettext(
        "Left out is %(number)s account that would be closed, or get another sign-in e-mail or SIS ID. The next run plans it again.",
        "Left out are %(number)s accounts that would be closed, or get another sign-in e-mail or SIS ID. The next run plans them again.",
        number,
    )
    return words % {"number": _number(number)}


def _discarded(number: int) -> str:
    words = ngettext(
        "The %(number)s planned change is not made. The report stays here, and the next run starts afresh.",
        "None of the %(number)s planned changes is made. The report stays here, and the next run starts afresh.",
        number,
    )
    return (
        words % {"number": _number(number)}
        if number
        else _("No account is changed. The report stays here, and the next run starts afresh.")
    )


def _number(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def again(
    held: Run, integration: Integration, by: User | None, wider: Mapping[str, Any], via: str = "web"
) -> states.Requested:
    """Discard a held run and ask for one with wider limits. Raises RunRefused or SettingRefused; then the held one stays as it is."""
    with transaction.atomic():
        states.discard(held, by, via)
        return states.request(integration, trigger=Trigger.PERSON, by=by, wider=wider, via=via)
