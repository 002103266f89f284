"""Which accounts without a link to a SIS a record could belong to, and on what evidence.

Only an equal e-mail with an equal name links by itself, and only an account without any link. All
else is a suggestion, which a person decides about in the linking assistant.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from rollbook.roster.planning.identity import contradicts, person_key
from rollbook.roster.planning.matching import Match, MatchKind
from rollbook.roster.records import ISSUE_NAME_LIMIT, Issue, Severity, StudentRecord
from rollbook.roster.values.names import same_first_name, same_name


class UnlinkedAccount(NamedTuple):
    """The values of an account without a link that are compared.

    IDs and numbers of another SIS are None: its numbers say nothing about this one.
    """

    id: bytes
    email_key: str
    first_name: str
    last_name: str
    birth_date: date | None
    sis_id: str | None
    student_number: str | None
    status: str
    graduation_year: int | None = None


class Evidence(NamedTuple):
    """Which values of an account and a record are the same.

    `contradicts` says that the date of birth or the class shows two people.
    """

    account_id: bytes
    record: StudentRecord
    email: bool
    name: bool
    birth_date: bool
    sis_id: bool
    student_number: bool
    contradicts: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether the e-mail and the name are the same, and nothing contradicts."""
        return self.email and self.name and not self.contradicts


class LinkFinder:
    """Finds the accounts without a link that a record could belong to.

    `rejected_links` are pairs of an account id and a SIS ID that are two people.
    """

    def __init__(
        self,
        unlinked: Iterable[UnlinkedAccount],
        rejected_links: frozenset[tuple[bytes, str]] = frozenset(),
    ) -> None:
        self._rejected_links = rejected_links
        self._by_id: dict[bytes, UnlinkedAccount] = {}
        self._by_key: dict[tuple[str, ...], list[UnlinkedAccount]] = {}
        for account in unlinked:
            self._by_id[account.id] = account
            for key in _keys(account):
                self._by_key.setdefault(key, []).append(account)

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def evidence(self, match: Match) -> list[Evidence]:
        """Return the evidence for each account that a record without one could belong to."""
        record = match.record
        if match.kind not in (MatchKind.NEW, MatchKind.BY_EMAIL, MatchKind.ELSEWHERE):
            return []
        candidates = {
            account.id: account for key in _keys(record) for account in self._by_key.get(key, ())
        }
        if match.key is not None and match.key.id in self._by_id:
            candidates[match.key.id] = self._by_id[match.key.id]
        return [
            _compare(record, account)
            for account in candidates.values()
            if (account.id, record.sis_id) not in self._rejected_links
        ]


def link_issue(record: StudentRecord) -> Issue:
    """Return the issue of a record that waits until a person decides about a suggested link."""
    name = f"{record.first_name} {record.last_name}"[:ISSUE_NAME_LIMIT]
    return Issue(
        "link_suggested",
        Severity.ERROR,
        record.sis_id,
        name,
        field="sis_id",
        value=record.sis_id,
    )


def _keys(person: UnlinkedAccount | StudentRecord) -> list[tuple[str, ...]]:
    """Return the keys of which one is enough to suggest a link."""
    keys: list[tuple[str, ...]] = []
    key = person_key(person)
    if key is not None:
        keys.append(("born", *key))
    if person.sis_id:
        keys.append(("sis_id", person.sis_id))
    if person.student_number:
        keys.append(("number", person.student_number))
    return keys


def _compare(record: StudentRecord, account: UnlinkedAccount) -> Evidence:
    birth_date, number = record.birth_date, record.student_number
    return Evidence(
        account.id,
        record,
        email=record.email_key == account.email_key,
        name=same_first_name(record.first_name, account.first_name)
        and same_name(record.last_name, account.last_name),
        birth_date=birth_date is not None and birth_date == account.birth_date,
        sis_id=record.sis_id == account.sis_id,
        student_number=number is not None and number == account.student_number,
        contradicts=contradicts(record, account),
    )
