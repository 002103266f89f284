"""Links to accounts without one: what a plan proposes, and the decisions it has to follow."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from rollbook.roster.planning.linking import Evidence, LinkFinder, UnlinkedAccount
from rollbook.roster.planning.rekeying import PlannedAccount, PossibleRelink
from rollbook.roster.records import Account
from rollbook.sync.models import LinkDecision, LinkProposal, Run
from rollbook.sync.models.link import Verdict
from rollbook.sync.setup import link_decisions

# Fields of the record that a proposal shows.
SHOWN: Final = (
    "email",
    "first_name",
    "last_name",
    "graduation_year",
    "birth_date",
    "student_number",
)
# Columns of an account, as `UnlinkedAccount` takes them after the id.
COMPARED: Final = (
    "email_key",
    "first_name",
    "last_name",
    "birth_date",
    "sis_id",
    "student_number",
    "status",
    "graduation_year",
)
CHUNK: Final = 2_000


class DecidedLinks(NamedTuple):
    """What people decided about accounts of one school and SIS IDs of one source.

    `links` maps accounts to SIS IDs, `rejected_links` are pairs that are two people. An account is
    the 16 bytes of its id, as the matcher takes it.
    """

    links: dict[bytes, str]
    rejected_links: frozenset[tuple[bytes, str]]


def decided(school_id: UUID, source: str) -> DecidedLinks:
    """Return every decision of this school about this source."""
    decisions = LinkDecision.objects.filter(school_id=school_id, source=source)
    links: dict[bytes, str] = {}
    rejected: set[tuple[bytes, str]] = set()
    for account_id, sis_id, verdict in decisions.values_list("account_id", "sis_id", "verdict"):
        if verdict == Verdict.CONFIRMED:
            links[account_id.bytes] = sis_id
        elif verdict == Verdict.NOT_SAME:
            rejected.add((account_id.bytes, sis_id))
    return DecidedLinks(links, frozenset(rejected))


def link_finder(run: Run, decisions: DecidedLinks) -> LinkFinder:
    """Return the accounts without a link to the SIS of a run, ready to be compared with records.

    Accounts that a person has linked are left out: they are decided.
    """
    accounts = (
        link_decisions.without_link(run.school_id, run.source)
        .values_list("pk", "source", *COMPARED)
        .iterator(chunk_size=CHUNK)
    )
    replaced = link_decisions.replaced_sources(run.school_id, run.source)
    unlinked = (_unlinked(pk, source, values, replaced) for pk, source, *values in accounts)
    open_accounts = (account for account in unlinked if account.id not in decisions.links)
    return LinkFinder(open_accounts, decisions.rejected_links)


def _unlinked(
    account_id: UUID, source: str, values: list[Any], replaced: Collection[str]
) -> UnlinkedAccount:
    """Return an account as records are compared with it.

    The SIS ID of another SIS says nothing about this one. Nor does the student number, where the
    other SIS is active: two SISs number their students each on its own.
    """
    account = UnlinkedAccount(account_id.bytes, *values)
    if not source:
        return account
    account = account._replace(sis_id=None)
    return account if source in replaced else account._replace(student_number=None)


def forget(run: Run) -> None:
    """Delete the proposals of an earlier try of this run."""
    LinkProposal.objects.filter(school_id=run.school_id, run=run).delete()


def propose(run: Run, evidence: Iterable[Evidence]) -> None:
    """Store the proposals of a batch, inside the caller's transaction."""
    rows = [_proposal(run, each) for each in evidence]
    LinkProposal.objects.bulk_create(rows, batch_size=CHUNK)


def propose_relinks(run: Run, possible: Iterable[PossibleRelink]) -> None:
    """Store a proposal for each account that may have a new SIS ID, in the caller's transaction."""
    rows = [_relink_proposal(run, account, planned) for account, planned in possible]
    LinkProposal.objects.bulk_create(rows, batch_size=CHUNK)


def _relink_proposal(run: Run, account: Account, planned: PlannedAccount) -> LinkProposal:
    values = planned.after
    birth_date = values.get("birth_date")
    number = values.get("student_number")
    own_birth_date = account.birth_date and account.birth_date.isoformat()
    return LinkProposal(
        school_id=run.school_id,
        source=run.source,
        run=run,
        account_id=UUID(bytes=account.id),
        sis_id=planned.sis_id,
        name=f"{values.get('first_name')} {values.get('last_name')}",
        record={field: str(values[field]) for field in SHOWN if values.get(field) is not None},
        same_email=values.get("email_key") == account.email_key,
        same_name=True,
        same_birth_date=birth_date is not None and birth_date == own_birth_date,
        same_sis_id=False,
        same_student_number=number is not None and number == account.student_number,
        clash="",
    )


def _proposal(run: Run, evidence: Evidence) -> LinkProposal:
    record = evidence.record
    shown = {field: getattr(record, field) for field in SHOWN}
    return LinkProposal(
        school_id=run.school_id,
        source=run.source,
        run=run,
        account_id=UUID(bytes=evidence.account_id),
        sis_id=record.sis_id,
        name=f"{record.first_name} {record.last_name}",
        record={field: str(value) for field, value in shown.items() if value is not None},
        same_email=evidence.email,
        same_name=evidence.name,
        same_birth_date=evidence.birth_date,
        same_sis_id=evidence.sis_id,
        same_student_number=evidence.student_number,
        clash=_clash(evidence),
    )


def _clash(evidence: Evidence) -> str:
    """Return why an equal e-mail is not enough for this pair; "" where it is, or differs."""
    if not evidence.email:
        return ""
    if not evidence.name:
        return "names_differ"
    return "other_birth" if evidence.contradicts else ""


def conclude(run: Run) -> None:
    """Mark the proposals of a complete plan that contradict each other; delete older ones."""
    of_source = LinkProposal.objects.filter(school_id=run.school_id, source=run.source)
    of_source.exclude(run=run).delete()
    proposals = LinkProposal.objects.filter(school_id=run.school_id, run=run)
    # Counted here: right after they were stored the database has no statistics of them, and a join
    # took a minute.
    accounts_of_record: Counter[str] = Counter()
    records_of_account: Counter[UUID] = Counter()
    for sis_id, account_id in proposals.values_list("sis_id", "account_id"):
        accounts_of_record[sis_id] += 1
        records_of_account[account_id] += 1
    two_accounts, two_records = [], []
    without_clash = proposals.filter(clash="").values_list("pk", "sis_id", "account_id")
    for pk, sis_id, account_id in without_clash:
        if accounts_of_record[sis_id] > 1:
            two_accounts.append(pk)
        elif records_of_account[account_id] > 1:
            two_records.append(pk)
    for clash, clashing in (("two_accounts", two_accounts), ("two_records", two_records)):
        for start in range(0, len(clashing), CHUNK):
            proposals.filter(pk__in=clashing[start : start + CHUNK]).update(clash=clash)
