"""The light form of accounts, as the matchers take it: of a whole school, and for a file."""

from array import array
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from rollbook.roster.planning.known_accounts import KnownAccounts
from rollbook.roster.records import AccountKey, SisLink
from rollbook.roster.sheets.matching import SheetKey
from rollbook.sync.store.plan import further_links
from rollbook.sync.store.statements import CHUNK, sql


class LinkedAccount(NamedTuple):
    """An account that several SISs have: its links, the first one first.

    `fingerprint` is that of the further link to the source that asked.
    """

    links: tuple[SisLink, ...]
    fingerprint: bytes | None

    def is_missing_beside(self, source: str) -> bool:
        """Return whether another SIS than this one lacks the student."""
        return any(link.missing_runs for link in self.links if link.source != source)


class AccountKeys(NamedTuple):
    """The accounts of a school as the matcher takes them: by their link to one source.

    It is a link to this source, to none, or only to another active SIS.
    """

    linked: KnownAccounts
    unlinked: list[AccountKey]
    elsewhere: list[AccountKey]


def load_linked_accounts(school_id: UUID, source: str) -> dict[bytes, LinkedAccount]:
    """Return the accounts that several SISs have, by id. Most schools have none."""
    accounts = {}
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql("load_further_links"), {"school": school_id, "source": source})
        while rows := cursor.fetchmany(CHUNK):
            for account_id, first, sis_id, runs, since, further, fingerprint in rows:
                links = (SisLink(first, sis_id, runs, since), *further_links(further))
                last_read = fingerprint and bytes(fingerprint)
                accounts[bytes(account_id)] = LinkedAccount(links, last_read)
    return accounts


def load_account_keys(
    school_id: UUID,
    source: str,
    replaced: Collection[str] = (),
    linked_accounts: Mapping[bytes, LinkedAccount] = MappingProxyType({}),
) -> AccountKeys:
    """Return the light form of all accounts of a school, by their link.

    Accounts that are linked to a source in `replaced` count as without a link: this source may take
    them over. `linked_accounts` are those that several SISs have.
    """
    keys = AccountKeys(KnownAccounts(), [], [])
    asked: dict[str, Any] = {
        "school": school_id,
        "source": source,
        "ids": [UUID(bytes=each) for each in linked_accounts],
    }
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql("pack_account_keys"), asked)
        while row := cursor.fetchone():  # one at a time: each has 4,096 keys
            packed, lengths = row
            sizes = array("h", bytes(lengths))
            sizes.byteswap()
            keys.linked.add(bytes(packed), sizes)
    # Of a server-side cursor the server keeps what hasn't travelled yet.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(sql("load_account_keys"), asked)
        while rows := cursor.fetchmany(CHUNK):
            for account_id, fingerprint, email_key, sis_id, linked_to in rows:
                if bytes(account_id) in linked_accounts:
                    linked = linked_accounts[bytes(account_id)]
                    key = _key_of_linked(bytes(account_id), source, email_key, linked, fingerprint)
                    if key is not None:
                        keys.linked.add(key, (len(key),))
                        continue
                # An upload may have given a SIS ID without linking the account to a source.
                key = AccountKey(bytes(account_id), None, email_key, None)
                if sis_id is None or not linked_to or linked_to in replaced:
                    keys.unlinked.append(key)
                else:
                    keys.elsewhere.append(key)
    return keys


def _key_of_linked(
    account_id: bytes,
    source: str,
    email_key: str,
    account: LinkedAccount,
    first_fingerprint: bytes | None,
) -> AccountKey | None:
    """Return the key of an account that several SISs have; None where this source has it not.

    It has no fingerprint while another SIS lacks the student: then this one may have to fill more
    fields than before, so the record is compared.
    """
    for number, link in enumerate(account.links):
        if link.source != source:
            continue
        fingerprint = account.fingerprint
        if number == 0:
            fingerprint = first_fingerprint and bytes(first_fingerprint)
        if account.is_missing_beside(source):
            fingerprint = None
        return AccountKey(account_id, fingerprint, email_key, link.sis_id)
    return None


def load_sheet_keys(
    school_id: UUID,
    *,
    sis_ids: list[str],
    student_numbers: list[str],
    email_keys: list[str],
    digits: list[str],
) -> list[SheetKey]:
    """Return the light form of every account that one of these ids or addresses leads to.

    `digits` are the digits of ids without zeros in front: they find 00123 for 123 as well.
    """
    asked: dict[str, Any] = {
        "school": school_id,
        "sis_ids": sis_ids,
        "student_numbers": student_numbers,
        "email_keys": email_keys,
        "digits": digits,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql("load_sheet_keys"), asked)
        return [
            SheetKey._make((bytes(account_id), *keys, tuple(further)))
            for account_id, *keys, further in cursor.fetchall()
        ]
