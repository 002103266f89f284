"""What only the whole roster shows: clashes to withdraw, missing students, new SIS IDs."""

from collections.abc import Collection
from typing import NamedTuple

from rollbook.roster.planning import guards
from rollbook.roster.planning.changes import Change
from rollbook.roster.planning.leaving import decide_missing
from rollbook.roster.planning.matching import Matcher, RosterCheck
from rollbook.roster.planning.missing import MissingAccounts
from rollbook.roster.planning.rekeying import (
    PlannedAccount,
    PossibleRelink,
    possible_relinks,
    relink,
)
from rollbook.roster.records import (
    ISSUE_NAME_LIMIT,
    AccountKey,
    Issue,
    Severity,
    SisAnswer,
)
from rollbook.sources.base import Page
from rollbook.students.models import StudentAccount
from rollbook.sync import store
from rollbook.sync.models import Run
from rollbook.sync.planning import clashes, links, lookalikes
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.planning.batch import Prepared
from rollbook.sync.setup import limits


class RosterNotes:
    """What the SIS said about single students: see `sources.base.Page`."""

    def __init__(self) -> None:
        self.answers: dict[str, SisAnswer] = {}
        self.listed_twice: set[str] = set()

    def add(self, pages: list[Page]) -> None:
        for page in pages:
            self.answers |= {answer.sis_id: answer for answer in page.answers}
            self.listed_twice.update(page.listed_twice)


class Settled(NamedTuple):
    """What was settled for the whole roster.

    `relinked` are the saved changes that link known people to new SIS IDs. `waiting` are accounts
    of the roster's missing students that may have a new SIS ID: a person decides.
    """

    relinked: list[Change]
    waiting: frozenset[bytes]


def missing_ids(run: Run, prepared: Prepared) -> list[str]:
    """Return the SIS IDs of the open accounts that no record so far has."""
    return store.open_sis_ids(run.school_id, prepared.matcher.missing_accounts())


def settle(
    run: Run,
    prepared: Prepared,
    check: RosterCheck,
    notes: RosterNotes,
    waiting: list[PlannedAccount],
) -> Settled:
    """Withdraw the changes that clash, and save the issues that say why.

    `waiting` are the unknown students who have such an issue already, and no change.
    """
    relinked = _relink_known_people(run, prepared.matcher, check)
    new_ids = {change.sis_id for change in relinked}
    possible = _possible_relinks(run, prepared, check, relinked, waiting)
    links.propose_relinks(run, possible)
    waiting_ids = {each.sis_id for each in waiting}
    asked = [each for each in possible if each.planned.sis_id not in waiting_ids]
    suggested = {each.planned.sis_id for each in asked}
    withdrawn = check.withdrawn | suggested
    names = store.withdraw(run, withdrawn)
    names |= store.names_of(run.school_id, run.source, withdrawn - names.keys())
    issues = [issue for issue in check.issues if issue.sis_id not in new_ids | suggested]
    issues += [_relink_issue(each.planned) for each in _one_each(asked)]
    issues = clashes.with_others(run, issues, names) + _vanished_fields(run, prepared)
    issues += lookalikes.withdraw(run)
    issues += _listed_twice(run, notes.listed_twice - withdrawn)
    store.save_plan(run, relinked, issues)
    prepared.freed_emails.save()
    store.save_plan(run, [], clashes.passed_on(run))
    links.conclude(run)
    return Settled(relinked, frozenset(each.account.id for each in possible))


def plan_missing(
    run: Run, check: RosterCheck, settled: Settled, notes: RosterNotes
) -> MissingAccounts:
    """Save a row for each account that the roster lacks, as the leavers policy says.

    Each has the SIS's own answer about the student, where it was asked. Returns how many there are.
    """
    policy, owners = run_rules.leavers(run), run_rules.owners(run)
    approved = store.settled_accounts(run, "leavers")
    counted = MissingAccounts(owners, approved)
    came_back = {change.account_id for change in settled.relinked}
    keys = (key for key in check.not_in_roster if key.id not in came_back)
    for chunk in store.in_chunks(keys):
        sis_ids = {key.id: key.sis_id or "" for key in chunk}
        accounts = store.load_accounts(run.school_id, sis_ids).values()
        counted.add(accounts)
        rows = []
        for account in accounts:
            row = decide_missing(account, policy, settled.waiting, owners, approved)
            if row is not None:
                rows.append(row._replace(sis_answer=notes.answers.get(sis_ids[account.id])))
        store.save_plan(run, rows, [])
        store.save_missing(run, (one.id for one in accounts if one.status == "active"))
    return counted


def _possible_relinks(
    run: Run,
    prepared: Prepared,
    check: RosterCheck,
    relinked: list[Change],
    waiting: list[PlannedAccount],
) -> list[PossibleRelink]:
    """Return the unknown students who may be students whose old SIS ID is gone."""
    freed = prepared.freed_emails
    came_back = {change.account_id for change in relinked}
    new_ids = {change.sis_id for change in relinked}
    possible: list[PossibleRelink] = []
    keys = (key for key in check.not_in_roster if key.id not in came_back)
    for chunk in store.in_chunks(keys):
        accounts = list(store.load_accounts(run.school_id, (key.id for key in chunk)).values())
        days = {account.birth_date.isoformat() for account in accounts if account.birth_date}
        emails = {account.email_key for account in accounts}
        planned = store.planned_like(run, sorted(days), sorted(emails))
        possible += possible_relinks(accounts, planned + waiting)
    return [
        each
        for each in possible
        if each.planned.sis_id not in new_ids
        and not prepared.matcher.is_rejected(each.account.id, each.planned.sis_id)
        # Somebody else with the same name, to whom the account gives up its e-mail.
        and not (
            each.account.email_key in freed.addresses
            and each.planned.after.get("email_key") == each.account.email_key
        )
    ]


def _one_each(possible: list[PossibleRelink]) -> list[PossibleRelink]:
    """Return one pair for each new student."""
    return list({each.planned.sis_id: each for each in possible}.values())


def _listed_twice(run: Run, sis_ids: Collection[str]) -> list[Issue]:
    """Return a warning for each student whom the SIS has twice in its list, with equal values.

    Only for those who have an account or get one.
    """
    if not sis_ids:
        return []
    names = store.names_of(run.school_id, run.source, sis_ids)
    for planned in store.planned_new(run, sis_ids):
        names[planned.sis_id] = f"{planned.after['first_name']} {planned.after['last_name']}"
    return [
        Issue("listed_twice", Severity.WARNING, sis_id, name[:ISSUE_NAME_LIMIT], "sis_id")
        for sis_id, name in sorted(names.items())
    ]


def _relink_issue(planned: PlannedAccount) -> Issue:
    return Issue("relink_suggested", Severity.ERROR, planned.sis_id, "", "sis_id")


def _relink_known_people(run: Run, matcher: Matcher, check: RosterCheck) -> list[Change]:
    """Return the changes that link known people to the new SIS IDs under which they came.

    Only where there are too many for chance: then the SIS was moved or set up anew. Single ones
    stay an issue for a person.
    """
    claims = _missing_accounts_by_new_id(matcher, check)
    if not guards.is_many(len(claims), len(matcher.known), limits.of_run(run)):
        return []
    accounts = store.load_accounts(run.school_id, (key.id for key in claims.values()))
    fill_once, owners = run_rules.fill_once(run), run_rules.owners(run)
    changes = []
    for planned in store.planned_new(run, claims):
        account = accounts.get(claims[planned.sis_id].id)
        change = relink(planned, account, fill_once, owners) if account is not None else None
        if change is not None:
            changes.append(change)
    return changes


def _missing_accounts_by_new_id(matcher: Matcher, check: RosterCheck) -> dict[str, AccountKey]:
    """Return the missing accounts whose e-mail came under an unknown SIS ID, by that ID."""
    missing = {key.email_key: key for key in check.not_in_roster}
    claims = {}
    for issue in check.issues:
        if issue.code != "email_taken" or issue.value not in missing:
            continue
        if issue.sis_id is not None and issue.sis_id not in matcher.known:
            claims[issue.sis_id] = missing[issue.value]
    return claims


def _vanished_fields(run: Run, prepared: Prepared) -> list[Issue]:
    """Return an issue for each mapped field that no record had.

    A warning where accounts have a value, which the SIS sent before; a note where none has one.
    """
    linked = StudentAccount.objects.filter(school_id=run.school_id, source=run.source)
    issues = []
    for source_field, field in prepared.mapper.vanished_fields():
        was_sent = linked.filter(**{f"{field}__isnull": False}).exists()
        severity = Severity.WARNING if was_sent else Severity.NOTE
        issues.append(Issue("field_vanished", severity, None, "", field, source_field))
    return issues
