"""E-mails that rows of a file want and other accounts keep, once all rows are decided.

Only then it is known which e-mails are given up: a protected account, a locked e-mail or a row
about somebody else keeps the old one.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class NewEmail(NamedTuple):
    """The e-mail that a row gives its account.

    `account` are the 16 bytes of the account's id, None for a new one.
    """

    row_number: int
    account: bytes | None
    email_key: str


def taken_emails(emails: Iterable[NewEmail], holders: Mapping[str, bytes]) -> set[int]:
    """Return the numbers of the rows with an e-mail that another account keeps.

    `holders` are the accounts that have an e-mail now. One that gets a new e-mail frees its old
    one, so swaps pass. A row that fails here frees nothing: whoever wants its account's e-mail is
    looked at again.
    """
    row_of_email = {each.email_key: each for each in emails}
    row_of_account = {each.account: each for each in row_of_email.values() if each.account}
    email_of_account = {account: address for address, account in holders.items()}
    taken: set[int] = set()
    queue = [each for address, each in row_of_email.items() if address in holders]
    while queue:
        each = queue.pop()
        mover = row_of_account.get(holders[each.email_key])
        is_freed = mover is not None and mover.row_number not in taken
        if each.row_number in taken or is_freed:
            continue
        taken.add(each.row_number)
        old = email_of_account.get(each.account or b"")
        if old in row_of_email:
            queue.append(row_of_email[old])
    return taken
