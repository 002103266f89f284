"""Links to accounts without one: the open proposals, and what people decide about them."""

from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students import links as account_links
from rollbook.students.models import AccountStatus, FurtherLink, StudentAccount
from rollbook.sync.models import Integration, LinkDecision, LinkProposal
from rollbook.sync.models.link import Verdict
from rollbook.sync.refusals import RunRefused
from rollbook.sync.words.sources import source_label

CHUNK: Final = 2_000


def replaced_sources(school_id: UUID, source: str) -> frozenset[str]:
    """Return the inactive SISs of a school, whose accounts this SIS may take over."""
    sources = _linked_sources(school_id)
    active = Integration.objects.filter(school_id=school_id, active=True)
    return frozenset(sources - {"", source} - set(active.values_list("source", flat=True)))


def _linked_sources(school_id: UUID) -> set[str]:
    """Return the SISs that accounts of a school are linked to.

    Each is looked up by the index, after the one before: DISTINCT goes through all accounts, which
    took 0.1 s for 100,000.
    """
    linked = StudentAccount.objects.filter(school_id=school_id, sis_id__isnull=False)
    by_source = linked.order_by("source").values_list("source", flat=True)
    sources = set()
    source = by_source.first()
    while source is not None:
        sources.add(source)
        source = by_source.filter(source__gt=source).first()
    return sources


def movable_accounts(school_id: UUID, source: str) -> dict[str, int]:
    """Return how many accounts this SIS may take over, by the label of the inactive SIS."""
    sources = replaced_sources(school_id, source)
    accounts = without_link(school_id, source).filter(source__in=sources)
    numbers = accounts.order_by().values_list("source").annotate(number=Count("pk"))
    return {source_label(name): number for name, number in numbers}


def without_link(school_id: UUID, source: str) -> QuerySet[StudentAccount]:
    """Return the accounts that this SIS may be linked to: it is neither their first link nor one
    of the further ones."""
    further = FurtherLink.objects.filter(school_id=school_id, source=source)
    accounts = StudentAccount.objects.filter(school_id=school_id)
    rows: QuerySet[StudentAccount] = accounts.exclude(
        Q(source=source, sis_id__isnull=False)
        | Q(pk__in=further.values("account_id"))
        | Q(status=AccountStatus.MERGED)
    )
    return rows


_RECORD: Final = Concat("source", Value("\x1f"), "sis_id", output_field=TextField())
_ACCOUNT: Final = Concat(
    "source", Value("\x1f"), Cast("account_id", TextField()), output_field=TextField()
)
_PAIR: Final = Concat(
    "source",
    Value("\x1f"),
    "sis_id",
    Value("\x1f"),
    Cast("account_id", TextField()),
    output_field=TextField(),
)


class LinkRefused(Exception):
    """The decision contradicts an earlier one. The text says which, and what to do."""


def proposals(school: School, source: str | None = None) -> QuerySet[LinkProposal]:
    """Return the proposals of the last complete plans, clashes first.

    They are about accounts without a link, accounts that another SIS has, and accounts whose
    student may have a new SIS ID. Pairs that are linked by now are left out, and undecided ones of
    an account that was merged since.

    Each is annotated with `confirmed` and `rejected`: what somebody decided about this pair.
    """
    same_pair = FurtherLink.objects.filter(
        school=school,
        source=OuterRef("source"),
        account=OuterRef("account"),
        sis_id=OuterRef("sis_id"),
    )
    is_first_link = Q(
        account__source=F("source"), account__sis_id=F("sis_id"), account__sis_id__isnull=False
    )
    rows = LinkProposal.objects.filter(~is_first_link & ~Exists(same_pair), school=school)
    if source:
        rows = rows.filter(source=source)
    pair = LinkDecision.objects.filter(
        school=OuterRef("school"),
        source=OuterRef("source"),
        account=OuterRef("account"),
        sis_id=OuterRef("sis_id"),
    )
    annotated: QuerySet[LinkProposal] = rows.annotate(
        confirmed=Exists(pair.filter(verdict=Verdict.CONFIRMED)),
        rejected=Exists(pair.filter(verdict=Verdict.NOT_SAME)),
    ).exclude(account__status=AccountStatus.MERGED, confirmed=False, rejected=False)
    return annotated.order_by("-clash", "name", "sis_id", "pk")


def undecided(school: School, source: str | None = None) -> QuerySet[LinkProposal]:
    """Return the proposals that nobody has decided.

    A proposal is decided, too, once its account or its record is linked with somebody else of the
    same SIS.
    The decisions are looked up as whole lists, which the database hashes: one look for each
    proposal took half a minute for 17,000 of them while it had no statistics of new decisions.
    """
    decisions = LinkDecision.objects.filter(school=school).annotate(
        pair=_PAIR, record_key=_RECORD, account_key=_ACCOUNT
    )
    links = decisions.filter(verdict=Verdict.CONFIRMED)
    rows = proposals(school, source).annotate(pair=_PAIR, record_key=_RECORD, account_key=_ACCOUNT)
    open_proposals: QuerySet[LinkProposal] = (
        rows.exclude(pair__in=decisions.values("pair"))
        .exclude(account_key__in=links.values("account_key"))
        .exclude(record_key__in=links.values("record_key"))
    )
    return open_proposals


def decided_ones(school: School) -> QuerySet[LinkProposal]:
    """Return the proposals that somebody has decided and no run has acted on yet."""
    decisions = LinkDecision.objects.filter(school=school).annotate(pair=_PAIR)
    rows = proposals(school).annotate(pair=_PAIR)
    decided: QuerySet[LinkProposal] = rows.filter(pair__in=decisions.values("pair"))
    return decided


def refuse_undecided(school: School, source: str) -> None:
    """Raise RunRefused where clashes are undecided before the first live run of a SIS.

    Such a run could give somebody the account of another student.
    """
    if StudentAccount.objects.filter(school=school, source=source, sis_id__isnull=False).exists():
        return
    if FurtherLink.objects.filter(school=school, source=source).exists():
        return
    active = Integration.objects.filter(school=school, active=True).values("source")
    # A run links none of these by itself: their students wait, and no other student is at stake.
    elsewhere = Q(account__source__in=active, account__sis_id__isnull=False)
    number = undecided(school, source).exclude(clash="").exclude(elsewhere).count()
    if not number:
        return
    sis = source_label(source)
    what = ngettext(
        "Nothing was changed: %(number)s possible link between an account here and a student in "
        "%(sis)s contradicts another one, or the two have different names.",
        "Nothing was changed: %(number)s possible links between accounts here and students in "
        "%(sis)s contradict each other, or the two have different names.",
        number,
    )
    remedy = _("Decide about them in Link existing accounts. Test runs can be started meanwhile.")
    raise RunRefused("links_undecided", what % {"number": number, "sis": sis}, remedy)


def confirm(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Decide that account and record are one person: the next live run links them.

    Returns False where that was decided already. Raises LinkRefused.
    """
    try:
        return _decide(proposal, Verdict.CONFIRMED, by, via)
    except IntegrityError as error:
        message = _(
            "Nothing was linked: this account or this SIS ID is already linked with somebody else. "
            "Take that back first."
        )
        raise LinkRefused(message) from error


def reject(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Decide that they are two people: they are never linked or proposed again.

    Returns False where that was decided already.
    """
    return _decide(proposal, Verdict.NOT_SAME, by, via)


def take_back(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Take back a decision that no run has acted on. Returns False where there is none."""
    with transaction.atomic():
        deleted, _by_model = LinkDecision.objects.filter(**_pair_of(proposal)).delete()
        if deleted:
            _record("link.taken_back", proposal, by, via)
    return bool(deleted)


def unlink(account: StudentAccount, source: str, by: User | None, via: str = "web") -> None:
    """Remove one link of an account that several SISs have, with the decision behind it.

    The next run of that SIS proposes it again. Raises Refused.
    """
    with transaction.atomic():
        sis_id = account_links.unlink(account, source, by, via)
        LinkDecision.objects.filter(
            school_id=account.school_id,
            source=source,
            account=account,
            sis_id=sis_id,
            verdict=Verdict.CONFIRMED,
        ).delete()


def confirm_exact(school: School, source: str | None, by: User | None, via: str = "web") -> int:
    """Confirm every proposal with the same e-mail and name that has no clash.

    Returns how many.
    """
    exact = undecided(school, source).filter(same_email=True, same_name=True, clash="")
    decisions = LinkDecision.objects.filter(school=school)
    with transaction.atomic():
        before = decisions.count()
        rows = (
            LinkDecision(**_pair_of(proposal), verdict=Verdict.CONFIRMED, decided_by=by)
            for proposal in exact
        )
        LinkDecision.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
        number = decisions.count() - before
        if number:
            audit.record("link.confirmed_exact", school=school, actor=by, via=via, links=number)
    return number


def _decide(proposal: LinkProposal, verdict: Verdict, by: User | None, via: str) -> bool:
    """Store the decision in place of the one before. Returns False where it was the same."""
    with transaction.atomic():
        decision, changed = LinkDecision.objects.get_or_create(
            **_pair_of(proposal), defaults={"verdict": verdict, "decided_by": by}
        )
        if not changed:
            other_verdict = LinkDecision.objects.filter(pk=decision.pk).exclude(verdict=verdict)
            changed = bool(other_verdict.update(verdict=verdict, decided_by=by))
        if changed:
            _record(f"link.{verdict.value}", proposal, by, via)
    return changed


def _pair_of(proposal: LinkProposal) -> dict[str, Any]:
    """Return the columns that name the account and the SIS ID of a proposal."""
    return {
        "school_id": proposal.school_id,
        "source": proposal.source,
        "account_id": proposal.account_id,
        "sis_id": proposal.sis_id,
    }


def _record(action: str, proposal: LinkProposal, by: User | None, via: str) -> None:
    account = str(proposal.account_id)
    audit.record(action, school=proposal.school, actor=by, subject=account, via=via)
