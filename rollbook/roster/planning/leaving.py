"""What happens to an account that a complete roster lacks.

It is listed, or closed as left or graduated once the school's period of grace is over.
"""

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from rollbook.roster.planning.changes import Change, ChangeKind, list_account
from rollbook.roster.records import Account

NOTHING, LIST, DEACTIVATE = POLICIES = ("nothing", "list", "deactivate")
# Most school years of the northern hemisphere end in June; each school can choose another day.
ROLLOVER: Final = "07-01"


class LeaverRules(NamedTuple):
    """A school's rules for leavers as they were when the run was requested.

    `today` is the day of the run in the school's zone. An account is closed when `runs` complete
    live runs in a row lacked it, this one included, and it has been missing for `days`. `rollover`
    is the month and day, such as "07-01", on which a school year ends and its graduates have
    graduated. `paused` leaves all accounts alone.
    """

    today: date
    policy: str = LIST
    runs: int = 3
    days: int = 7
    rollover: str = ROLLOVER
    paused: bool = False


def decide_missing(
    account: Account, rules: LeaverRules, waiting: Collection[bytes] = ()
) -> Change | None:
    """Return the row for an account that the roster lacks.

    Accounts in `waiting` may be in the roster under a new SIS ID: they stay open until a person has
    decided. None where the account isn't active, or the policy is to do nothing.
    """
    if account.status != "active" or (rules.policy == NOTHING and not rules.paused):
        return None
    if rules.paused:
        return list_account(ChangeKind.NOT_IN_ROSTER, account, "not_sent_paused")
    if account.id in waiting:
        return list_account(ChangeKind.NOT_IN_ROSTER, account, "may_have_new_id")
    graduated = has_graduated(account.graduation_year, rules)
    if rules.policy == LIST:
        reason = "not_sent_graduated" if graduated else "not_sent"
        return list_account(ChangeKind.NOT_IN_ROSTER, account, reason)
    if not _grace_is_over(account, rules):
        return list_account(ChangeKind.NOT_IN_ROSTER, account, "not_sent_yet")
    kind = ChangeKind.GRADUATED if graduated else ChangeKind.LEFT
    reason = "class_has_graduated" if graduated else "missing_long_enough"
    if account.protected:
        kind, reason = ChangeKind.PROTECTED, "account_protected"
    status = "graduated" if graduated else "left"
    row = list_account(kind, account, reason)
    return row._replace(before={"status": account.status}, after={"status": status})


def has_graduated(year: int | None, rules: LeaverRules) -> bool:
    """Return whether the school year that ends in this year is over."""
    if year is None:
        return False
    return (rules.today.year, f"{rules.today:%m-%d}") >= (year, rules.rollover)


def _grace_is_over(account: Account, rules: LeaverRules) -> bool:
    missing_days = (rules.today - account.missing_since).days if account.missing_since else 0
    return account.missing_runs + 1 >= rules.runs and missing_days >= rules.days
