"""Linking accounts that were there before: proposals that a plan finds, decisions of people, and what may not run before they are made."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.roster.linking import Evidence, LinkFinder, UnlinkedAccount
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync.models import LinkDecision, LinkProposal, Run
from rollbook.sync.models.link import Verdict
from rollbook.sync.refusals import RunRefused
from rollbook.sync.words.sources import source_label

SHOWN: Final = (
    "email",
    "first_name",
    "last_name",
    "graduation_year",
    "birth_date",
    "student_number",
)
COMPARED: Final = (
    "email_key",
    "first_name",
    "last_name",
    "birth_date",
    "sis_id",
    "student_number",
    "status",
)
CHUNK: Final = 2_000
NO_LINK: Final = Q(source="") | Q(sis_id__isnull=True)

_RECORD: Final = Concat("source", Value("\x1f"), "sis_id", output_field=TextField())
_PAIR: Final = Concat(
    "source",
    Value("\x1f"),
    "sis_id",
    Value("\x1f"),
    Cast("account_id", TextField()),
    output_field=TextField(),
)


class LinkRefused(Exception):
    """The decision contradicts one that was made before. The text says which and what to do."""


class Decided(NamedTuple):
    """What people have said, as the matcher takes it: account → SIS ID, and pairs that are two people. Accounts are 16 bytes."""

    links: dict[bytes, str]
    rejected_links: frozenset[tuple[bytes, str]]


def decided(school_id: UUID, source: str) -> Decided:
    """Every decision of this school about this source."""
    made = LinkDecision.objects.filter(school_id=school_id, source=source).values_list(
        "account_id", "sis_id", "verdict"
    )
    rows = [(account_id.bytes, sis_id, verdict) for account_id, sis_id, verdict in made]
    links = {
        account_id: sis_id for account_id, sis_id, verdict in rows if verdict == Verdict.CONFIRMED
    }
    return Decided(
        links,
        frozenset(
            (account_id, sis_id)
            for account_id, sis_id, verdict in rows
            if verdict == Verdict.NOT_SAME
        ),
    )


def link_finder(run: Run, made: Decided) -> LinkFinder:
    """The accounts without a link, ready to be compared with records; those that a person has linked aren't in question any more."""
    accounts = (
        StudentAccount.objects.filter(NO_LINK, school_id=run.school_id)
        .values_list("pk", *COMPARED)
        .iterator(chunk_size=CHUNK)
    )
    unlinked = (UnlinkedAccount(pk.bytes, *values) for pk, *values in accounts)
    return LinkFinder((each for each in unlinked if each.id not in made.links), made.rejected_links)


def forget(run: Run) -> None:
    """Forget what an earlier try of this run has proposed."""
    LinkProposal.objects.filter(school_id=run.school_id, run=run).delete()


def propose(run: Run, found: Iterable[Evidence]) -> None:
    """Store proposals of a batch, inside the caller's transaction."""
    rows = [
        LinkProposal(
            school_id=run.school_id,
            source=run.source,
            run=run,
            account_id=UUID(bytes=each.account_id),
            sis_id=each.record.sis_id,
            name=f"{each.record.first_name} {each.record.last_name}",
            record={
                field: str(value)
                for field in SHOWN
                if (value := getattr(each.record, field)) is not None
            },
            same_email=each.email,
            same_name=each.name,
            same_birth_date=each.birth_date,
            same_sis_id=each.sis_id,
            same_student_number=each.student_number,
            clash="names_differ" if each.email and not each.name else "",
        )
        for each in found
    ]
    LinkProposal.objects.bulk_create(rows, batch_size=CHUNK)


def conclude(run: Run) -> None:
    """The plan is complete: mark who has two candidates, and drop what earlier plans of this source proposed."""
    LinkProposal.objects.filter(school_id=run.school_id, source=run.source).exclude(
        run=run
    ).delete()
    of_run = LinkProposal.objects.filter(school_id=run.school_id, run=run)
    # Counted here: right after they were stored, the database has no idea yet how many there are, and a join of them took a minute.
    pairs = list(of_run.filter(clash="").values_list("pk", "sis_id", "account_id"))
    every = list(of_run.values_list("sis_id", "account_id"))
    records, accounts = (
        Counter(sis_id for sis_id, _account in every),
        Counter(account for _sis_id, account in every),
    )
    for clash, clashing in (
        ("two_accounts", [pk for pk, sis_id, _account in pairs if records[sis_id] > 1]),
        (
            "two_records",
            [pk for pk, sis_id, account in pairs if records[sis_id] == 1 and accounts[account] > 1],
        ),
    ):
        for start in range(0, len(clashing), CHUNK):
            of_run.filter(pk__in=clashing[start : start + CHUNK]).update(clash=clash)


def proposals(school: School, source: str | None = None) -> QuerySet[LinkProposal]:
    """What the last complete plans propose for accounts that still have no link, clashes first."""
    found = LinkProposal.objects.filter(
        school=school, account__in=StudentAccount.objects.filter(NO_LINK, school=school)
    )
    found = found.filter(source=source) if source else found
    pair = LinkDecision.objects.filter(
        school=OuterRef("school"),
        source=OuterRef("source"),
        account=OuterRef("account"),
        sis_id=OuterRef("sis_id"),
    )
    confirmed, rejected = (
        Exists(pair.filter(verdict=Verdict.CONFIRMED)),
        Exists(pair.filter(verdict=Verdict.NOT_SAME)),
    )
    shown: QuerySet[LinkProposal] = found.annotate(confirmed=confirmed, rejected=rejected).order_by(
        "-clash", "name", "sis_id", "pk"
    )
    return shown


def undecided(school: School, source: str | None = None) -> QuerySet[LinkProposal]:
    """Proposals that nobody has decided, neither themselves nor by linking one of the two with somebody else.

    The decisions are looked up as whole lists, which the database hashes: one look for each proposal took half a minute for 17,000 of them
    while it had no statistics of the new decisions.
    """
    made = LinkDecision.objects.filter(school=school).annotate(pair=_PAIR, record_key=_RECORD)
    links = made.filter(verdict=Verdict.CONFIRMED)
    there = proposals(school, source).annotate(pair=_PAIR, record_key=_RECORD)
    open_ones: QuerySet[LinkProposal] = (
        there.exclude(pair__in=made.values("pair"))
        .exclude(account_id__in=links.values("account_id"))
        .exclude(record_key__in=links.values("record_key"))
    )
    return open_ones


def decided_ones(school: School) -> QuerySet[LinkProposal]:
    """Proposals that somebody has confirmed or rejected and no run has acted on yet."""
    made = LinkDecision.objects.filter(school=school).annotate(pair=_PAIR)
    found: QuerySet[LinkProposal] = (
        proposals(school).annotate(pair=_PAIR).filter(pair__in=made.values("pair"))
    )
    return found


def refuse_undecided(school: School, source: str) -> None:
    """Raise RunRefused where clashes are undecided before the first live run of a SIS: it would take somebody for somebody else."""
    if StudentAccount.objects.filter(school=school, source=source, sis_id__isnull=False).exists():
        return
    number = undecided(school, source).exclude(clash="").count()
    if not number:
        return
    sis = source_label(source)
    what = ngettext(
        "Nothing was changed: %(number)s possible link between an account here and a student in %(sis)s contradicts another one, or the "
        "two have different names.",
        "Nothing was changed: %(number)s possible links between accounts here and students in %(sis)s contradict each other, or the two "
        "have different names.",
        number,
    )
    remedy = _("Decide about them in Link existing accounts. Test runs can be started meanwhile.")
    raise RunRefused("links_undecided", what % {"number": number, "sis": sis}, remedy)


def confirm(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Say that account and record are one person: the next live run links them. False where that was said already. Raises LinkRefused."""
    try:
        return _decide(proposal, Verdict.CONFIRMED, by, via)
    except IntegrityError as error:
        raise LinkRefused(
            _(
                "Nothing was linked: this account or this SIS ID has been linked with another one. Take that back first."
            )
        ) from error


def reject(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Say that they are two people: they are never linked or proposed again. False where that was said already."""
    return _decide(proposal, Verdict.NOT_SAME, by, via)


def take_back(proposal: LinkProposal, by: User | None, via: str = "web") -> bool:
    """Take a decision back that no run has acted on. False where there is none."""
    with transaction.atomic():
        pair = {
            "school_id": proposal.school_id,
            "source": proposal.source,
            "account_id": proposal.account_id,
            "sis_id": proposal.sis_id,
        }
        gone, _by_model = LinkDecision.objects.filter(**pair).delete()
        if gone:
            audit.record(
                "link.taken_back",
                school=proposal.school,
                actor=by,
                subject=str(proposal.account_id),
                via=via,
            )
    return bool(gone)


def confirm_exact(school: School, source: str | None, by: User | None, via: str = "web") -> int:
    """Confirm every proposal whose e-mail and name are the same and that contradicts no other. Returns how many."""
    exact = undecided(school, source).filter(same_email=True, same_name=True, clash="")
    with transaction.atomic():
        before = LinkDecision.objects.filter(school=school).count()
        rows = (
            LinkDecision(
                school=school,
                source=each.source,
                account_id=each.account_id,
                sis_id=each.sis_id,
                verdict=Verdict.CONFIRMED,
                decided_by=by,
            )
            for each in exact
        )
        LinkDecision.objects.bulk_create(rows, batch_size=CHUNK, ignore_conflicts=True)
        number = LinkDecision.objects.filter(school=school).count() - before
        if number:
            audit.record("link.confirmed_exact", school=school, actor=by, via=via, links=number)
    return number


def _decide(proposal: LinkProposal, verdict: Verdict, by: User | None, via: str) -> bool:
    with transaction.atomic():
        pair = {
            "school_id": proposal.school_id,
            "source": proposal.source,
            "account_id": proposal.account_id,
            "sis_id": proposal.sis_id,
        }
        decision, made = LinkDecision.objects.get_or_create(
            **pair, defaults={"verdict": verdict, "decided_by": by}
        )
        if not made:
            made = bool(
                LinkDecision.objects.filter(pk=decision.pk)
                .exclude(verdict=verdict)
                .update(verdict=verdict, decided_by=by)
            )
        if made:
            audit.record(
                f"link.{verdict.value}",
                school=proposal.school,
                actor=by,
                subject=str(proposal.account_id),
                via=via,
            )
    return made
