"""What only the whole roster shows: clashes to withdraw, missing students, new SIS IDs."""

from rollbook.roster import guards
from rollbook.roster.leaving import decide_missing
from rollbook.roster.matching import Matcher, RosterCheck
from rollbook.roster.planning import Change
from rollbook.roster.records import AccountKey, Issue, Severity
from rollbook.roster.rekeying import relink
from rollbook.sync import store
from rollbook.sync.models import Run
from rollbook.sync.planning import clashes, links
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.planning.batch import Prepared
from rollbook.sync.setup import limits


def settle(run: Run, prepared: Prepared, check: RosterCheck) -> list[Change]:
    """Withdraw the changes that clash, and save the issues that say why.

    Returns the saved changes that link known people to new SIS IDs.
    """
    relinked = _relink_known_people(run, prepared.matcher, check)
    names = store.withdraw(run, check.withdrawn)
    names |= store.names_of(run.school_id, run.source, check.withdrawn - names.keys())
    new_ids = {change.sis_id for change in relinked}
    issues = [issue for issue in check.issues if issue.sis_id not in new_ids]
    issues = clashes.with_others(run, issues, names) + _vanished_fields(prepared)
    store.save_plan(run, relinked, issues)
    store.save_plan(run, [], clashes.passed_on(run))
    links.conclude(run)
    return relinked


def plan_missing(run: Run, check: RosterCheck, relinked: list[Change]) -> guards.MissingAccounts:
    """Save a row for each account that the roster lacks, as the leavers policy says.

    Returns how many there are.
    """
    policy = run_rules.leavers(run)
    counted = guards.MissingAccounts()
    came_back = {change.account_id for change in relinked}
    keys = (key for key in check.not_in_roster if key.id not in came_back)
    for chunk in store.in_chunks(keys):
        accounts = store.load_accounts(run.school_id, (key.id for key in chunk)).values()
        counted.add(accounts)
        rows = [decide_missing(account, policy) for account in accounts]
        store.save_plan(run, (row for row in rows if row is not None), [])
    return counted


def _relink_known_people(run: Run, matcher: Matcher, check: RosterCheck) -> list[Change]:
    """Return the changes that link known people to the new SIS IDs under which they came.

    Only where there are too many for chance: then the SIS was moved or set up anew. Single ones
    stay an issue for a person.
    """
    claims = _missing_accounts_by_new_id(matcher, check)
    if not guards.is_many(len(claims), len(matcher.known), limits.of_run(run)):
        return []
    accounts = store.load_accounts(run.school_id, (key.id for key in claims.values()))
    fill_once = run_rules.fill_once(run)
    changes = []
    for planned in store.planned_new(run, claims):
        account = accounts.get(claims[planned.sis_id].id)
        change = relink(planned, account, fill_once) if account is not None else None
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


def _vanished_fields(prepared: Prepared) -> list[Issue]:
    """Return a warning for each mapped field that no record had."""
    return [
        Issue("field_vanished", Severity.WARNING, None, "", field, source_field)
        for source_field, field in prepared.mapper.vanished_fields()
    ]
