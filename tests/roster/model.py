"""A school in memory that plans and applies a roster as `sync.pipeline` does, and makers of raw records and accounts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.mapping import RecordMapper
from rollbook.roster.matching import Matcher, RosterCheck
from rollbook.roster.planning import WRITING_KINDS, Change, ChangeKind, Rules, decide
from rollbook.roster.records import Account, AccountKey, Issue, Selection, Severity
from rollbook.roster.values import email_key

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


def raw(sis_id: Any = 1, **said: Any) -> dict[str, Any]:
    """A raw record without a flaw, in grade 10, its address made of its id."""
    usual = {
        "id": sis_id,
        "mail": f"s{sis_id}@x.example",
        "first": "Ada",
        "last": "Byron",
        "year": 2028,
        "born": "2010-12-10",
    }
    return usual | {"sex": "F", "home_mail": "", "level": 10} | said


def named(value: Any) -> str:
    """A test's name for a value that may be huge."""
    return "huge" if isinstance(value, int) and value.bit_length() > 100 else ascii(value)[:30]


def nested(depth: int = 2_000) -> list[Any]:
    """A list in a list, deeper than Python writes."""
    deep: list[Any] = []
    for _ in range(depth):
        deep = [deep]
    return deep


def mapper(
    known: Any = (), mapping: Iterable[tuple[str, str]] = MAPPING, version: int = 1
) -> RecordMapper:
    return RecordMapper(list(mapping), version, "level", Selection(GRADES), dict(known))


def account(sis_id: str | None = "1", number: int = 0, **held: Any) -> Account:
    """The account that `raw(sis_id)` finds unchanged; `number` makes its id."""
    email = held.get("email", f"s{sis_id}@x.example")
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
    return Account(**usual | held)


def key(held: Account, fingerprint: bytes | None = None) -> AccountKey:
    return AccountKey(held.id, fingerprint, held.email_key, held.sis_id)


class Plan(NamedTuple):
    """What a run would store. `same` are the SIS IDs of records that say what they said last time, withdrawn ones left out."""

    changes: list[Change]
    issues: list[Issue]
    same: set[str]
    outside: set[str]
    verdict: RosterCheck

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
    """The accounts of one school by id, and the fingerprints of what the source last said."""

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
        """Stops 2 to 4 for a whole roster, and the verdict."""
        linked = [
            key(each, self.fingerprints.get(each.id))
            for each in self.accounts.values()
            if each.source == SOURCE
        ]
        unlinked = [key(each) for each in self.accounts.values() if each.sis_id is None]
        elsewhere = [
            each.email_key
            for each in self.accounts.values()
            if each.sis_id is not None and each.source != SOURCE
        ]
        matcher = Matcher(linked, unlinked, elsewhere)
        reader = mapper(matcher.known, version=version)
        admitted = [mapped for mapped in map(reader.map, roster) if matcher.register(mapped)]
        matches = [match for mapped in admitted if (match := matcher.match(mapped)) is not None]
        rules = Rules(reader.fields, SOURCE)
        decided = [
            decide(match, self.accounts.get(match.key.id) if match.key else None, rules)
            for match in matches
        ]
        changes = [each for each in decided if isinstance(each, Change)]
        verdict = matcher.check_roster(
            {each.sis_id for each in changes if "email_key" in each.after and each.sis_id},
            complete=True,
        )
        issues = [issue for mapped in admitted for issue in mapped.issues] + [
            each for each in decided if isinstance(each, Issue)
        ]
        return Plan(
            [change for change in changes if change.sis_id not in verdict.withdrawn],
            issues + verdict.issues,
            {mapped.sis_id for mapped in admitted if mapped.unchanged and mapped.sis_id}
            - verdict.withdrawn,
            {mapped.sis_id for mapped in admitted if not mapped.selected and mapped.sis_id}
            - verdict.withdrawn,
            verdict,
        )

    def apply(self, plan: Plan) -> "School":
        """Stop 7: the school afterwards. Refuses what the database refuses: an address or a SIS ID that two accounts have."""
        accounts, fingerprints = dict(self.accounts), dict(self.fingerprints)
        for change in plan.changes:
            if change.kind is ChangeKind.NEW:
                made = account(change.sis_id, 1_000 + len(accounts), birth_date=None, gender=None)
                accounts[made.id] = made._replace(**change.after)
                fingerprints[made.id] = change.fingerprint
                continue
            assert change.account_id is not None
            held = accounts[change.account_id]
            assert held.version == change.account_version
            assert {name: getattr(held, name) for name in change.before} == change.before
            if change.kind in WRITING_KINDS:
                accounts[held.id] = held._replace(version=held.version + 1, **change.after)
            fingerprints[held.id] = change.fingerprint
        addresses = [each.email_key for each in accounts.values()]
        links = [
            (each.source, each.sis_id) for each in accounts.values() if each.sis_id is not None
        ]
        assert len(set(addresses)) == len(addresses)
        assert len(set(links)) == len(links)
        return School(accounts, fingerprints)

    def run(self, *roster: Any) -> "School":
        return self.apply(self.plan(roster))
