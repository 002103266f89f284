"""What the first live run of a SIS does to accounts that exist already."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.students.models import FurtherLink, StudentAccount
from rollbook.sync.models import Integration
from rollbook.sync.models.run import Run
from rollbook.sync.setup.link_decisions import proposals, undecided, without_link
from rollbook.sync.words.text import number


class FirstRunNote(NamedTuple):
    """`kind` is the kind of a note; `undecided` is how many accounts wait for a person."""

    kind: str
    what: str
    next: str
    undecided: int


def note(integration: Integration) -> FirstRunNote | None:
    """Return what happens to existing accounts; None without any, or after the first live run."""
    school, source = integration.school, integration.source
    linked = StudentAccount.objects.filter(school=school, source=source, sis_id__isnull=False)
    if linked.exists() or FurtherLink.objects.filter(school=school, source=source).exists():
        return None
    accounts = without_link(school.pk, source).count()
    if not accounts:
        return None
    words = {"number": number(accounts), "sis": integration.source_type.label}
    there_are = ngettext(
        "%(number)s account exists here already.",
        "%(number)s accounts exist here already.",
        accounts,
    )
    if not _has_plan(integration):
        return FirstRunNote(
            "info",
            there_are % words,
            _(
                "Start with a test run. It shows which of them match students in %(sis)s, and "
                "changes no account. Nothing is linked by name alone."
            )
            % words,
            0,
        )
    open_ones = undecided(school, source)
    waiting = open_ones.exclude(same_email=True, same_name=True, clash="")
    waiting_accounts = set(waiting.values_list("account_id", flat=True))
    matched = set(proposals(school, source).values_list("account_id", flat=True)) - waiting_accounts
    counts = {
        "matched": number(len(matched)),
        "waiting": number(len(waiting_accounts)),
        "rest": number(max(0, accounts - len(matched) - len(waiting_accounts))),
    }
    what = (
        there_are % words
        + " "
        + _(
            "%(matched)s match by e-mail and name or by your decision, "
            "%(waiting)s need your decision, "
            "%(rest)s have no match."
        )
        % counts
    )
    what_next = _("Accounts without a match are not changed.")
    if waiting_accounts:
        what_next += " " + _("No live run starts while clashes among them are undecided.")
    kind = "look" if waiting_accounts else "good"
    return FirstRunNote(kind, what, what_next, len(waiting_accounts))


def _has_plan(integration: Integration) -> bool:
    """Return whether a run has read the roster, and proposed which accounts match."""
    return Run.objects.filter(integration=integration).exclude(proof={}).exists()
