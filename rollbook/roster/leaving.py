"""What becomes of an account that a complete roster lacks: list_account, or closed as left or graduated once the school's grace is over."""

from datetime import date
from typing import Final, NamedTuple

from rollbook.roster.planning import Change, ChangeKind, list_account
from rollbook.roster.records import Account

NOTHING, LIST, DEACTIVATE = POLICIES = ("nothing", "list", "deactivate")
ROLLOVER: Final = "07-01"  # most school years of the northern hemisphere end in June; each school can say otherwise


class LeaverRules(NamedTuple):
    """A school's policy, as it stood when the run was asked for, and the day of the run in the school's zone.

    An account is closed when `runs` complete live runs in a row lacked it, this one counted, and it has been missing for `days`.
    `rollover` is the month and day, "07-01", on which a school year ends and its graduates have graduated. `paused`: leave all alone.
    """

    today: date
    policy: str = LIST
    runs: int = 3
    days: int = 7
    rollover: str = ROLLOVER
    paused: bool = False


def decide_missing(account: Account, leavers: LeaverRules) -> Change | None:
    """The row for an account that the roster lacks; None where the policy says nothing, or where it isn't open."""
    if account.status != "active" or (leavers.policy == NOTHING and not leavers.paused):
        return None
    if leavers.paused:
        return list_account(ChangeKind.NOT_IN_ROSTER, account, "not_sent_paused")
    graduated = has_graduated(account.graduation_year, leavers)
    if leavers.policy == LIST:
        return list_account(
            ChangeKind.NOT_IN_ROSTER, account, "not_sent_graduated" if graduated else "not_sent"
        )
    if not _grace_is_over(account, leavers):
        return list_account(ChangeKind.NOT_IN_ROSTER, account, "not_sent_yet")
    kind = ChangeKind.GRADUATED if graduated else ChangeKind.LEFT
    closed = list_account(
        kind, account, "class_has_graduated" if graduated else "missing_long_enough"
    )
    closed = closed._replace(before={"status": account.status}, after={"status": kind.value})
    return (
        closed._replace(kind=ChangeKind.PROTECTED, reason="account_protected")
        if account.protected
        else closed
    )


def has_graduated(year: int | None, leavers: LeaverRules) -> bool:
    """Whether the school year that ends in this year is over."""
    return year is not None and (leavers.today.year, f"{leavers.today:%m-%d}") >= (
        year,
        leavers.rollover,
    )


def _grace_is_over(account: Account, leavers: LeaverRules) -> bool:
    missing_days = (leavers.today - account.missing_since).days if account.missing_since else 0
    return account.missing_runs + 1 >= leavers.runs and missing_days >= leavers.days
