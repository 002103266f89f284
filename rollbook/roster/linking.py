"""Which accounts without a link a record could belong to, and on what evidence: what the linking assistant shows to a person.

Only an equal e-mail with an equal name links by itself. Everything else here is a suggestion: somebody has to say so.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from rollbook.roster.matching import Match, MatchKind
from rollbook.roster.records import ISSUE_NAME_LIMIT, Issue, Severity, StudentRecord
from rollbook.roster.values import name_key, same_name


class UnlinkedAccount(NamedTuple):
    """What is compared of an account that has no link yet."""

    id: bytes
    email_key: str
    first_name: str
    last_name: str
    birth_date: date | None
    sis_id: str | None
    student_number: str | None
    status: str


class Evidence(NamedTuple):
    """What speaks for one account and one record being the same person."""

    account_id: bytes
    record: StudentRecord
    email: bool
    name: bool
    birth_date: bool
    sis_id: bool
    student_number: bool

    @property
    def is_exact(self) -> bool:
        """Whether the e-mail and the name are the same."""
        return self.email and self.name


class LinkFinder:
    """Finds the accounts without a link that a record could belong to. `rejected_links` are pairs that a person said are two people."""

    def __init__(
        self,
        unlinked: Iterable[UnlinkedAccount],
        rejected_links: frozenset[tuple[bytes, str]] = frozenset(),
    ) -> None:
        self._rejected_links = rejected_links
        self._by_id: dict[bytes, UnlinkedAccount] = {}
        self._by: dict[tuple[str, ...], list[UnlinkedAccount]] = {}
        for account in unlinked:
            self._by_id[account.id] = account
            for key in _keys(account):
                self._by.setdefault(key, []).append(account)

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def evidence(self, match: Match) -> list[Evidence]:
        """What speaks for a record that no account is linked to; empty for a known one, and where nothing does."""
        record = match.record
        if match.kind not in (MatchKind.NEW, MatchKind.BY_EMAIL):
            return []
        found = {account.id: account for key in _keys(record) for account in self._by.get(key, ())}
        if match.key is not None and match.key.id in self._by_id:
            found[match.key.id] = self._by_id[match.key.id]
        return [
            _compare(record, account)
            for account in found.values()
            if (account.id, record.sis_id) not in self._rejected_links
        ]


def link_issue(record: StudentRecord) -> Issue:
    """A record that would be new but for an account it could belong to: it waits for a person."""
    name = f"{record.first_name} {record.last_name}"[:ISSUE_NAME_LIMIT]
    return Issue("link_suggested", Severity.ERROR, record.sis_id, name, "sis_id", "", record.sis_id)


def _keys(one: UnlinkedAccount | StudentRecord) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = []
    if one.birth_date is not None:
        keys.append(
            (
                "born",
                name_key(one.first_name),
                name_key(one.last_name),
                one.birth_date.isoformat(),
            )
        )
    if one.sis_id:
        keys.append(("sis_id", one.sis_id))
    if one.student_number:
        keys.append(("number", one.student_number))
    return keys


def _compare(record: StudentRecord, account: UnlinkedAccount) -> Evidence:
    return Evidence(
        account.id,
        record,
        email=record.email_key == account.email_key,
        name=same_name(record.first_name, account.first_name)
        and same_name(record.last_name, account.last_name),
        birth_date=record.birth_date is not None and record.birth_date == account.birth_date,
        sis_id=record.sis_id == account.sis_id,
        student_number=record.student_number is not None
        and record.student_number == account.student_number,
    )
