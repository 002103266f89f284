"""What happens to an account that a complete roster lacks.

It is listed, or closed as left or graduated once the school's period of grace is over.
"""

from collections.abc import Collection, Sequence

from rollbook.roster.planning.changes import Change, ChangeKind, list_account
from rollbook.roster.planning.leaver_rules import DEACTIVATE, NOTHING, LeaverRules
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.records import Account, SisLink


def decide_missing(
    account: Account,
    rules: LeaverRules,
    waiting: Collection[bytes] = (),
    owners: FieldOwners | None = None,
    approved: Collection[bytes] = (),
) -> Change | None:
    """Return the row for an account that the roster lacks.

    Accounts in `waiting` may be in the roster under a new SIS ID: they stay open until a person has
    decided. So do those that another active SIS has. Of accounts in `approved` a person has
    approved that they are missing. None where the account isn't active, or the policy is to do
    nothing and no other SIS needs to know.
    """
    source = owners.source if owners else account.source
    others = other_links(account, owners)
    if account.status != "active" or (rules.policy == NOTHING and not rules.paused and not others):
        return None
    reason = _reason_to_stay(account, rules, waiting, others, source)
    if reason == "not_sent" and account.id in approved:
        reason = "not_sent_approved"
    if reason:
        return list_account(ChangeKind.NOT_IN_ROSTER, account, reason, source)
    graduated = has_graduated(account.graduation_year, rules)
    kind = ChangeKind.GRADUATED if graduated else ChangeKind.LEFT
    reason = "class_has_graduated" if graduated else "missing_long_enough"
    if account.protected:
        kind, reason = ChangeKind.PROTECTED, "account_protected"
    status = "graduated" if graduated else "left"
    row = list_account(kind, account, reason, source)
    return row._replace(before={"status": account.status}, after={"status": status})


def other_links(account: Account, owners: FieldOwners | None) -> list[SisLink]:
    """Return the links of an account to the other active SISs."""
    if owners is None:
        return []
    return [link for link in account.links if link.source in owners.other_sources]


def is_still_elsewhere(account: Account, owners: FieldOwners | None) -> bool:
    """Return whether the last complete roster of another active SIS had the student."""
    return any(not link.missing_runs for link in other_links(account, owners))


def _reason_to_stay(
    account: Account,
    rules: LeaverRules,
    waiting: Collection[bytes],
    others: Sequence[SisLink],
    source: str,
) -> str:
    """Return why an account that the roster lacks stays open; "" where it is closed.

    The reason `still_in` is followed by the SISs that have the student: "still_in:veracross".
    """
    still_in = [link.source for link in others if not link.missing_runs]
    if rules.paused:
        reason = "not_sent_paused"
    elif account.id in waiting:
        reason = "may_have_new_id"
    elif still_in:
        reason = "still_in"
    elif rules.policy != DEACTIVATE:
        has_left = has_graduated(account.graduation_year, rules)
        reason = "not_sent_graduated" if has_left else "not_sent"
    elif not _has_been_missing_everywhere(account, rules, others, source):
        reason = "not_sent_yet"
    else:
        return ""
    return f"{reason}:{','.join(still_in)}" if reason == "still_in" else reason


def _has_been_missing_everywhere(
    account: Account, rules: LeaverRules, others: Sequence[SisLink], source: str
) -> bool:
    """Return whether every SIS that had the student lacks it for as long as the rules require."""
    own = account.link_to(source) or SisLink(source, None)
    if not rules.grace_is_over(own.missing_runs + 1, own.missing_since):
        return False
    return all(rules.grace_is_over(link.missing_runs, link.missing_since) for link in others)


def has_graduated(year: int | None, rules: LeaverRules) -> bool:
    """Return whether the school year that ends in this year is over."""
    if year is None:
        return False
    return (rules.today.year, f"{rules.today:%m-%d}") >= (year, rules.rollover)
