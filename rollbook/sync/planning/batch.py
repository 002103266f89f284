"""Stops 2 to 4 for one batch of raw records: map, match, decide."""

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial
from typing import Final, NamedTuple

from rollbook.roster.planning.changes import (
    UPDATING_KINDS,
    Change,
    ChangeKind,
    Rules,
    decide,
    list_account,
)
from rollbook.roster.planning.linking import Evidence, LinkFinder, link_issue
from rollbook.roster.planning.mapping import MappedRecord, RecordMapper
from rollbook.roster.planning.matching import Match, Matcher, MatchKind
from rollbook.roster.planning.owners import FieldOwners
from rollbook.roster.planning.plain_records import PlainMapper
from rollbook.roster.planning.rekeying import PlannedAccount, waiting_student
from rollbook.roster.planning.selecting import Choice, Selector
from rollbook.roster.records import Issue
from rollbook.sources.base import Page
from rollbook.sources.sent_records import SentRecords, sent_records
from rollbook.sync import store
from rollbook.sync.models import Run
from rollbook.sync.planning import links
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.planning.erased_records import ErasedRecords
from rollbook.sync.planning.freeing import FreedEmails
from rollbook.sync.setup import link_decisions
from rollbook.sync.store.keys import AccountKeys, LinkedAccount
from rollbook.sync.store.outside import digests

# Records that have no account yet: they may belong to one without a link.
WITHOUT_ACCOUNT: Final = (
    MatchKind.NEW,
    MatchKind.BY_EMAIL,
    MatchKind.ELSEWHERE,
    MatchKind.MERGED,
)


class Prepared(NamedTuple):
    """The keys of all accounts, the mapping and the rules of a run: loaded once for all batches.

    `link_finder` loads the accounts without a link when it is first called: the usual run has no
    record that needs them.
    """

    matcher: Matcher
    link_finder: Callable[[], LinkFinder]
    freed_emails: FreedEmails
    mapper: RecordMapper
    plain: PlainMapper
    rules: Rules
    erased: ErasedRecords


class Batch(NamedTuple):
    """A batch of records with what was decided about them. Nothing is stored yet.

    `records` are the first ones with their SIS IDs, `outside` those of them in grades that aren't
    selected. `evidence` says which accounts without a link records of the batch could belong to.
    `listed` are rows that change nothing, for the accounts of students in `outside`. `waiting` are
    unknown students who get no account before a person has decided.
    """

    read: int
    records: list[MappedRecord]
    outside: list[MappedRecord]
    changes: list[Change]
    issues: list[Issue]
    evidence: list[Evidence]
    listed: list[Change]
    waiting: list[PlannedAccount]


class Tally:
    """The counts of a whole roster, added up batch by batch.

    A person has settled that the records of the accounts `settled_others` are about other people.
    """

    def __init__(self, settled_others: Collection[bytes] = ()) -> None:
        self._settled_others = settled_others
        self.read = self.outside_selection = self.other_people = 0
        self.moved: set[str] = set()  # SIS IDs of accounts whose e-mail is planned to change
        self.waiting: list[PlannedAccount] = []
        self.rejected_again: list[str] = []  # SIS IDs
        self.outside_digests = bytearray()  # of students outside the selection, without an account

    def add(self, run: Run, matcher: Matcher, batch: Batch) -> None:
        """Count one batch."""
        self.read += batch.read
        for issue in batch.issues:
            if issue.code == "other_person" and not self._is_settled(matcher, issue.sis_id):
                self.other_people += 1
        for change in batch.changes:
            moves = "email_key" in change.after and change.kind in UPDATING_KINDS
            if moves and change.sis_id is not None:
                self.moved.add(change.sis_id)
        self.outside_selection += len(batch.outside)
        self.waiting += batch.waiting
        for record in batch.records:
            if record.rejected_again and not matcher.is_never_imported(record.sis_id):
                self.rejected_again.append(record.sis_id or "")
        without_account = []
        for record in batch.outside:
            if record.sis_id and matcher.linked_account(record.sis_id) is None:
                without_account.append(record.sis_id)
        self.outside_digests += digests(run.school_id, without_account)

    def _is_settled(self, matcher: Matcher, sis_id: str | None) -> bool:
        key = matcher.known.get(sis_id or "")
        return key is not None and key.id in self._settled_others


def prepare(run: Run) -> Prepared:
    """Load the keys of all accounts, the mapping and the rules of this run."""
    assert run.integration is not None
    source = run.integration.source_type
    settings = run.roster_settings
    decided = links.decided(run.school_id, run.source)
    replaced = link_decisions.replaced_sources(run.school_id, run.source)
    owners = run_rules.owners(run)
    linked = store.load_linked_accounts(run.school_id, run.source)
    keys = store.load_account_keys(run.school_id, run.source, replaced, linked)
    exceptions = run_rules.exceptions(run)
    if owners is not None:
        foreign = _foreign_emails(owners, linked, decided, keys)
        exceptions = exceptions._replace(foreign_emails=foreign)
    matcher = Matcher(keys.linked, keys.unlinked, keys.elsewhere, *decided, exceptions)
    version: int | str = settings.mapping_version
    if linked and owners is not None:
        version = f"{version};{owners.seed}"
    mapper = RecordMapper(
        list(settings.mapping),
        version,
        Selector(settings.selection, source.grade_field, source.school_field),
        matcher.known,
        run_rules.clears(run),
    )
    mapper.today = run.requested_at.date()
    mapper.rejected = store.load_rejected(run)
    rules = Rules(mapper.fields, run.source, run_rules.fill_once(run), owners)
    link_finder = cache(lambda: links.link_finder(run, decided))
    freed_emails, plain = FreedEmails(run), PlainMapper(mapper)
    erased = ErasedRecords(run, matcher, mapper)
    return Prepared(matcher, link_finder, freed_emails, mapper, plain, rules, erased)


def _foreign_emails(
    owners: FieldOwners,
    linked: Mapping[bytes, LinkedAccount],
    decided: links.DecidedLinks,
    keys: AccountKeys,
) -> frozenset[bytes]:
    """Return the ids of accounts whose e-mail another SIS owns."""
    foreign = {
        account_id
        for account_id, account in linked.items()
        if owners.foreign_fields(account.links, ("email",))
    }
    # These are about to be linked to this SIS, as a further one.
    if decided.links and owners.chosen.get("email") != owners.source:
        foreign.update(key.id for key in keys.elsewhere if key.id in decided.links)
    return frozenset(foreign)


def map_records(prepared: Prepared, pages: list[Page]) -> list[MappedRecord]:
    """Map the raw records of these pages (stop 2), but for those that are unchanged.

    The matcher takes the unchanged ones at once, and nothing else looks at them.
    """
    mapped: list[MappedRecord] = []
    pages_of_records = [sent_records(page.records) for page in pages if page.records]
    for records in pages_of_records:
        prepared.mapper.observe_fields(records.has)
    for records in pages_of_records:
        mapped += _map_page(prepared, records)
    return mapped


def _map_page(prepared: Prepared, records: SentRecords) -> list[MappedRecord]:
    """Return the result for each record of a page that has changed, or can't be compared.

    An unchanged record never becomes a dict, a mapped record or a match. For 100,000 of them this
    takes 0.25 s of CPU; with a mapped record for each it took 1.1 s. Nor does a plain record become
    a dict.
    """
    mapper = prepared.mapper
    ids, choices = records.values(mapper.id_field), mapper.selector.choose_all(records.values)
    prints = mapper.fingerprints(records.contents(mapper.not_mapped))
    compared = list(prints)  # with the last run
    if choices.count(Choice.IMPORTED) < len(choices):
        for place, choice in enumerate(choices):
            if choice is not Choice.IMPORTED:
                compared[place] = None
    fingerprints: dict[int, bytes | None] = {}  # of the changed records, by their place
    results: dict[int, MappedRecord] = {}
    plain_places = []
    for place in prepared.matcher.take_unchanged(ids, compared):
        fingerprint = compared[place]
        if fingerprint is not None:
            if rejected := mapper.rejected_again(ids[place], fingerprint):
                results[place] = rejected
                continue
            plain_places.append(place)
        fingerprints[place] = prints[place]
    may_be_doubled = records.expect_doubled(len(fingerprints))
    plain = _map_plain(prepared, records, plain_places, fingerprints)
    for place, fingerprint in fingerprints.items():
        mapped = plain.get(place) or mapper.map(records[place], fingerprint, choices[place])
        if may_be_doubled and not mapped.unchanged and (doubled := records.doubled(place)):
            mapped = mapper.map(records[place] | doubled)
        results[place] = mapped
    return _without_erased(prepared, records, results)


def _without_erased(
    prepared: Prepared, records: SentRecords, results: Mapping[int, MappedRecord]
) -> list[MappedRecord]:
    """Return the results in the order of the page, without those of students who were erased."""
    erased = prepared.erased
    if not erased:
        return [results[place] for place in sorted(results)]
    remaining = []
    for place in sorted(results):
        mapped = results[place]
        if not erased.has_record(mapped, partial(records.__getitem__, place)):
            remaining.append(mapped)
    return remaining


def _map_plain(
    prepared: Prepared,
    records: SentRecords,
    places: list[int],
    fingerprints: Mapping[int, bytes | None],
) -> dict[int, MappedRecord | None]:
    """Return the results for the plain ones of these records, by their place.

    A few records of a page aren't tried: it pays off from an eighth of them on, and those few are
    mostly the ones that have had a problem each time.
    """
    if len(places) <= len(records) // 8:
        return {}
    ids = records.values(prepared.mapper.id_field)
    columns = records.columns(prepared.mapper.sources, places)
    mapped = prepared.plain.map_all(
        [ids[place] for place in places], columns, [fingerprints[place] or b"" for place in places]
    )
    return dict(zip(places, mapped, strict=True))


def match_records(
    prepared: Prepared, mapped: list[MappedRecord]
) -> tuple[list[MappedRecord], list[Match]]:
    """Return the first records with their SIS IDs, and the accounts they meet (stop 3)."""
    records = [record for record in mapped if prepared.matcher.register(record)]
    matches = []
    for record in records:
        match = prepared.matcher.match(record)
        if match is not None:
            matches.append(match)
    return records, matches


def decide_records(
    run: Run, prepared: Prepared, read: int, records: list[MappedRecord], matches: list[Match]
) -> Batch:
    """Decide what to do about each match (stop 4)."""
    evidence: list[Evidence] = []
    matches = prepared.freed_emails.without_freed_accounts(matches)
    unknown = [match for match in matches if match.kind in WITHOUT_ACCOUNT]
    if unknown and prepared.matcher.has_unlinked:
        link_finder = prepared.link_finder()
        for match in unknown:
            evidence += link_finder.evidence(match)
    suggested = _waiting_for_a_person(matches, evidence)
    if suggested:
        matches = [match for match in matches if match.record.sis_id not in suggested]
    accounts = store.load_accounts(
        run.school_id, (match.key.id for match in matches if match.key is not None)
    )
    changes: list[Change] = []
    waiting = [match.record for match in suggested.values()]
    issues = [link_issue(record) for record in waiting]
    for match in matches:
        account = accounts.get(match.key.id) if match.key else None
        decided = decide(match, account, prepared.rules)
        if isinstance(decided, Change):
            changes.append(decided)
        else:
            issues.append(decided)
            if match.kind in WITHOUT_ACCOUNT:
                waiting.append(match.record)
    outside = [record for record in records if not record.selected]
    listed = _list_accounts(run, prepared.matcher, outside)
    students = [waiting_student(record) for record in waiting]
    return Batch(read, records, outside, changes, issues, evidence, listed, students)


def record_issues(prepared: Prepared, records: list[MappedRecord]) -> Iterator[Issue]:
    """Yield what mapping found wrong; nothing about students who are never imported."""
    for record in records:
        if record.issues and not prepared.matcher.is_never_imported(record.sis_id):
            yield from record.issues


def _waiting_for_a_person(matches: list[Match], evidence: list[Evidence]) -> dict[str, Match]:
    """Return the matches that would be new accounts although somebody may have one already.

    By SIS ID. A person has to say so first: nobody gets a second account unasked.
    """
    if not evidence:
        return {}
    suggested = {each.record.sis_id for each in evidence}
    return {
        match.record.sis_id: match
        for match in matches
        if match.kind is MatchKind.NEW and match.record.sis_id in suggested
    }


def _list_accounts(run: Run, matcher: Matcher, outside: list[MappedRecord]) -> list[Change]:
    """Return rows for students who have an account and are in a grade that isn't selected.

    A list, not an iterator: a connection in the middle of a COPY answers no query; it would hang.
    """
    keys = [key for record in outside if (key := matcher.linked_account(record.sis_id)) is not None]
    accounts = store.load_accounts(run.school_id, (key.id for key in keys)).values()
    return [
        list_account(ChangeKind.OUTSIDE_SELECTION, account, "grade_not_selected", run.source)
        for account in accounts
    ]
