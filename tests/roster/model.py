"""A school in memory that plans and applies a roster as `sync.pipeline` does.

Also functions that make raw records and accounts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.changes import WRITING_KINDS, Change, ChangeKind, Rules, decide
from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.matching import Matcher, RosterCheck
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Account, AccountKey, Issue, Selection, Severity
from rollbook.roster.values.parsing import email_key

SOURCE = "somesis"
GRADES = frozenset({9, 10, 11, 12})
MAPPING = [
    ("id", "sis_id"),
    ("mail", "email"),
    ("first", "first_name"),
    ("last", "last_name"),
    ("year", "graduation_year"),
    ("born", "birth_date"),
    ("sex", "gender"),
    ("home_mail", "personal_email"),
]


def raw(sis_id: Any = 1, **values: Any) -> dict[str, Any]:
    """Return a raw record without a problem, in grade 10, with an e-mail made of its id."""
    usual = {
        "id": sis_id,
        "mail": f"s{sis_id}@x.example",
        "first": "Ada",
        "last": "Byron",
        "year": 2028,
        "born": "2010-12-10",
    }
    return usual | {"sex": "F", "home_mail": "", "level": 10} | values


def named(value: Any) -> str:
    """Return the name of a test case for a value that may be huge."""
    return "huge" if isinstance(value, int) and value.bit_length() > 100 else ascii(value)[:30]


def nested(depth: int = 2_000) -> list[Any]:
    """Return a list in a list, deeper than Python writes."""
    deep: list[Any] = []
    for _ in range(depth):
        deep = [deep]
    return deep


def mapper(
    known: Any = (), mapping: Iterable[tuple[str, str]] = MAPPING, version: int = 1
) -> RecordMapper:
    return RecordMapper(list(mapping), version, Selector(Selection(GRADES), "level"), dict(known))


def account(sis_id: str | None = "1", number: int = 0, **values: Any) -> Account:
    """Return an account that `raw(sis_id)` leaves unchanged; `number` makes its id."""
    email = values.get("email", f"s{sis_id}@x.example")
    usual = dict.fromkeys(STUDENT_FIELDS) | {
        "id": (number or int(sis_id or 0)).to_bytes(16),
        "version": 1,
        "status": "active",
        "source": SOURCE if sis_id is not None else "",
        "sis_id": sis_id,
        "email": email,
        "email_key": email_key(email),
        "first_name": "Ada",
        "last_name": "Byron",
        "graduation_year": 2028,
        "birth_date": date(2010, 12, 10),
        "gender": "F",
    }
    return Account(**usual | values)


def key(existing: Account, fingerprint: bytes | None = None) -> AccountKey:
    return AccountKey(existing.id, fingerprint, existing.email_key, existing.sis_id)


class Plan(NamedTuple):
    """What a run would store. `unchanged` and `outside` are SIS IDs, without the withdrawn ones."""

    changes: list[Change]
    issues: list[Issue]
    unchanged: set[str]
    outside: set[str]
    check: RosterCheck

    @property
    def writing(self) -> dict[str | None, Change]:
        return {change.sis_id: change for change in self.changes if change.kind in WRITING_KINDS}

    @property
    def errors(self) -> set[tuple[str, str | None]]:
        return {
            (issue.code, issue.sis_id) for issue in self.issues if issue.severity is Severity.ERROR
        }


@dataclass
class School:
    """The accounts of one school by id, with the fingerprint of the last record of each."""

    accounts: dict[bytes, Account] = field(default_factory=dict)
    fingerprints: dict[bytes, bytes | None] = field(default_factory=dict)

    @classmethod
    def of(cls, *accounts: Account) -> "School":
        return cls({each.id: each for each in accounts})

    def linked(self) -> dict[str, Account]:
        return {
            each.sis_id: each
            for each in self.accounts.values()
            if each.sis_id is not None and each.source == SOURCE
        }

    def plan(self, roster: Iterable[Any], version: int = 1) -> Plan:
        """Do stops 2 to 4 for a whole roster, and check it."""
        matcher = self._matcher()
        reader = mapper(matcher.known, version=version)
        registered = [mapped for mapped in map(reader.map, roster) if matcher.register(mapped)]
        matches = [match for mapped in registered if (match := matcher.match(mapped)) is not None]
        rules = Rules(reader.fields, SOURCE)
        decisions = [
            decide(match, self.accounts.get(match.key.id) if match.key else None, rules)
            for match in matches
        ]
        changes = [each for each in decisions if isinstance(each, Change)]
        moved = {each.sis_id for each in changes if "email_key" in each.after and each.sis_id}
        check = matcher.check_roster(moved, complete=True)
        issues = [issue for mapped in registered for issue in mapped.issues]
        issues += [each for each in decisions if isinstance(each, Issue)]
        unchanged = {mapped.sis_id for mapped in registered if mapped.unchanged and mapped.sis_id}
        outside = {mapped.sis_id for mapped in registered if not mapped.selected and mapped.sis_id}
        return Plan(
            changes=[change for change in changes if change.sis_id not in check.withdrawn],
            issues=issues + check.issues,
            unchanged=unchanged - check.withdrawn,
            outside=outside - check.withdrawn,
            check=check,
        )

    def _matcher(self) -> Matcher:
        accounts = self.accounts.values()
        linked = [
            key(each, self.fingerprints.get(each.id)) for each in accounts if each.source == SOURCE
        ]
        unlinked = [key(each) for each in accounts if each.sis_id is None]
        elsewhere = [
            key(each._replace(sis_id=None))
            for each in accounts
            if each.sis_id is not None and each.source != SOURCE
        ]
        return Matcher(linked, unlinked, elsewhere)

    def apply(self, plan: Plan) -> "School":
        """Do stop 7 and return the school afterwards.

        Fails where the database would: an e-mail or a SIS ID may belong to one account only.
        """
        accounts, fingerprints = dict(self.accounts), dict(self.fingerprints)
        for change in plan.changes:
            if change.kind is ChangeKind.NEW:
                new = account(change.sis_id, 1_000 + len(accounts), birth_date=None, gender=None)
                accounts[new.id] = new._replace(**change.after)
                fingerprints[new.id] = change.fingerprint
                continue
            assert change.account_id is not None
            before = accounts[change.account_id]
            assert before.version == change.account_version
            assert {name: getattr(before, name) for name in change.before} == change.before
            if change.kind in WRITING_KINDS:
                accounts[before.id] = before._replace(version=before.version + 1, **change.after)
            fingerprints[before.id] = change.fingerprint
        addresses = [each.email_key for each in accounts.values()]
        links = [
            (each.source, each.sis_id) for each in accounts.values() if each.sis_id is not None
        ]
        assert len(set(addresses)) == len(addresses)
        assert len(set(links)) == len(links)
        return School(accounts, fingerprints)

    def run(self, *roster: Any) -> "School":
        return self.apply(self.plan(roster))
