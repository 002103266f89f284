"""Freeing the e-mail of a closed account for the student who has it now, by the school's rule."""

from uuid import UUID

from rollbook.roster.planning.changes import CLOSED_BY_RUN, Change, ChangeKind, list_account
from rollbook.roster.planning.identity import Person, contradicts, names_agree
from rollbook.roster.records import Account
from rollbook.roster.values.parsing import FREED


def can_be_freed(account: Account, person: Person) -> bool:
    """Return whether a closed account gives up its e-mail for this person.

    Only an account that has left or graduated does, and only for somebody who is clearly another
    person. A protected account and a locked e-mail stay as they are.
    """
    if account.status not in CLOSED_BY_RUN or account.protected or "email" in account.locked:
        return False
    if names_agree(person, account):
        return contradicts(person, account)
    return person.birth_date is None or person.birth_date != account.birth_date


def free_email(account: Account) -> Change:
    """Return the change that frees the e-mail of an account. The account still shows it."""
    row = list_account(ChangeKind.EMAIL_FREED, account, "freed_by_rule")
    freed = f"{FREED}{UUID(bytes=account.id)}"
    return row._replace(before={"email_key": account.email_key}, after={"email_key": freed})
