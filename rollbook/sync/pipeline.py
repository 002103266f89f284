"""The whole story of a run in one function. Stops 1 to 7 of the way of a record are called from here and nowhere else."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from rollbook import logs
from rollbook.config import config
from rollbook.roster import guards
from rollbook.roster.leaving import decide_missing
from rollbook.roster.linking import Evidence, LinkFinder, link_issue
from rollbook.roster.mapping import MappedRecord, RecordMapper
from rollbook.roster.matching import Match, Matcher, MatchKind, RosterCheck
from rollbook.roster.planning import WRITING_KINDS, Change, ChangeKind, Rules, decide, list_account
from rollbook.roster.records import Completeness, Issue, Proof, Selection, Severity
from rollbook.roster.rekeying import relink
from rollbook.sources.base import Connection, Page, Pages, Source
from rollbook.sources.bounds import Bounds
from rollbook.sources.errors import RosterIncomplete, SourceError
from rollbook.sync import store, undoing
from rollbook.sync.models import Mode, Run, RunState
from rollbook.sync.planning import clashes, links
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.refusals import RunRefused
from rollbook.sync.report import why_missing
from rollbook.sync.runs import states
from rollbook.sync.runs.lease import HandBack, Lease
from rollbook.sync.setup import credentials, limits
from rollbook.sync.uploads import plan as upload_plan

log = logging.getLogger(__name__)

BATCH = 2_000  # records that are decided and stored together
SECONDS = 1.0  # the longest a batch waits for more, so that progress is seen from a slow SIS too


def run_sync(run_id: UUID) -> None:
    """Do a run, or what is left of it: read and plan, look at the plan, then apply it if the run is live.

    Does nothing where the run is over or another worker has it. Every way to fail leaves all accounts as they were.
    """
    run = states.claim(run_id)
    if run is not None:
        with logs.of_run(run.pk):
            _work_on(run)


def _work_on(run: Run) -> None:
    log.info("run %s: claimed as %s, try %s", run.pk, run.state, run.attempts)
    try:
        with Lease(run) as lease:
            if run.state == RunState.FETCHING:
                planner_of(run)(run, lease)
            if run.state == RunState.PREVIEW:
                log.info("run %s: previewed, waits for a person", run.pk)
            elif run.mode == Mode.TEST:
                states.finish(run)
            else:
                go_live(run)
    except RunRefused as refused:
        states.fail(run, refused.code, refused.what, refused.remedy)
    except RosterIncomplete as error:
        states.fail(run, error.code, error.what, error.remedy, error.proof)
    except SourceError as error:
        states.fail(run, error.code, error.what, error.remedy)
    except credentials.KeyMissing as error:
        states.fail(
            run,
            "key_missing",
            str(error),
            _("Set the key the credentials were stored with, or enter the credentials again."),
        )
    except HandBack:
        states.hand_back(run)
    except (DatabaseError, psycopg.Error) as error:  # COPY raises the driver's own
        # Restarted, full, or the statement was cancelled: the lease runs out, and the run is tried again.
        log.warning("run %s: the database failed: %s", run.pk, type(error).__name__)
        connection.close()
        states.note_database_trouble(run, error)
    except states.LeaseLost:
        log.warning("run %s: taken over by another worker, stopped here", run.pk)
    log.info(
        "run %s: %s %s",
        run.pk,
        run.state,
        {str(kind): number for kind, number in run.counts.items()},
    )


def planner_of(run: Run) -> Callable[[Run, Lease], None]:
    """What makes the plan of this run."""
    if run.is_undo:
        return undoing.plan
    return upload_plan.plan if run.is_upload else plan


def plan(run: Run, lease: Lease) -> None:
    """Read the roster and store what would become of every student (stops 1 to 6)."""
    states.begin_plan(run)
    links.forget(run)
    made = links.decided(run.school_id, run.source)
    matcher = Matcher(
        *store.load_account_keys(run.school_id, run.source), *made, run_rules.exceptions(run)
    )
    link_finder = links.link_finder(run, made) if matcher.has_unlinked else LinkFinder([])
    source, mapper, rules = prepare(run, matcher)
    counts = {
        "read": 0,
        "accounts": len(matcher.known),
        "other_people": 0,
        ChangeKind.UNCHANGED: 0,
        ChangeKind.OUTSIDE_SELECTION: 0,
    }
    moved: set[str] = set()
    left_out = bytearray()
    reading = Reading(read(run, source, mapper.source_fields))
    for pages in batches(reading):  # 1
        lease.check()
        raws = [raw for page in pages for raw in page.records]
        mapper.observe_fields(raws)
        mapped = [mapper.map(raw) for raw in raws]  # 2
        admitted = [each for each in mapped if matcher.register(each)]
        matches = [match for each in admitted if (match := matcher.match(each)) is not None]  # 3
        alike = (
            [found for match in matches for found in link_finder.evidence(match)]
            if link_finder
            else []
        )
        changes, issues = decide_all(run, *wait_for_a_person(matches, alike), rules)  # 4
        moving = (
            change
            for change in changes
            if "email_key" in change.after and change.kind in WRITING_KINDS
        )
        moved.update(change.sis_id for change in moving if change.sis_id is not None)
        outside = [each for each in admitted if not each.selected]
        left_out += why_missing.digests(
            run.school_id,
            (
                each.sis_id
                for each in outside
                if each.sis_id and matcher.linked_account(each.sis_id) is None
            ),
        )
        counts["read"] += len(mapped)
        counts["other_people"] += sum(issue.code == "other_person" for issue in issues)
        counts[ChangeKind.OUTSIDE_SELECTION] += len(outside)
        counts[ChangeKind.UNCHANGED] += sum(each.unchanged for each in admitted)
        found = (
            issue
            for each in admitted
            if each.issues and not matcher.is_never_imported(each.sis_id)
            for issue in each.issues
        )
        listed_outside = list_outside(run, matcher, outside)
        with transaction.atomic():  # the fence is checked in the same transaction, so that a worker taken for dead adds nothing
            states.progress(run, pages, counts["read"])
            store.save_plan(run, chain(changes, listed_outside), chain(found, issues))  # 5
            links.propose(run, alike)
    with transaction.atomic():
        why_missing.keep_outside(run, bytes(left_out))
        conclude(run, matcher, mapper, moved, counts, reading.proof)


def prepare(run: Run, matcher: Matcher) -> tuple[Source, RecordMapper, Rules]:
    """What a run reads and how it maps, from the settings it was requested with."""
    assert run.integration is not None
    source = run.integration.source_type
    mapping = [(source_field, field) for source_field, field in run.settings["mapping"]]
    selection = Selection(frozenset(run.settings["grades"]))
    mapper = RecordMapper(
        mapping,
        run.settings["mapping_version"],
        source.grade_field,
        selection,
        matcher.known,
        run_rules.clears(run),
    )
    return source, mapper, Rules(mapper.fields, run.source, run_rules.fill_once(run))


class Reading:
    """The pages of a roster, and once they have all come what proves that they are all."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.proof: Proof

    def __iter__(self) -> Iterator[Page]:
        self.proof = yield from self._pages


def read(run: Run, source: Source, wanted: frozenset[str]) -> Pages:
    """The pages of the roster. The credentials are in the clear here, for the one conversation with the SIS, and nowhere else."""
    assert run.integration is not None
    tokens = credentials.StoredToken(run.integration)
    connection = Connection(
        credentials=credentials.load(run.integration),
        choices=run.settings["choices"],
        variant=run.settings["variant"],
        tokens=tokens,
        bounds=bounds(),
    )
    try:
        return (yield from source.pages(connection, wanted))
    finally:
        tokens.save()


def bounds() -> Bounds:
    """The installation's limits on one conversation with a SIS."""
    return Bounds(
        connect_seconds=config.connect_seconds,
        request_seconds=config.request_seconds,
        page_bytes=config.page_bytes,
        pages=config.pages,
        records=config.records,
        run_seconds=config.run_seconds,
        tries=config.tries,
        retry_after_seconds=config.retry_after_seconds,
        sign_ins=config.sign_ins,
        allowed_networks=config.networks,
        ca_file=str(config.ca_file) if config.ca_file else None,
    )


def batches(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Gather pages until there is a batch of records or a second has gone by."""
    batch: list[Page] = []
    since = time.monotonic()
    for page in pages:
        batch.append(page)
        if sum(len(each.records) for each in batch) >= BATCH or time.monotonic() - since >= SECONDS:
            yield batch
            batch, since = [], time.monotonic()
    if batch:
        yield batch


def wait_for_a_person(
    matches: list[Match], alike: list[Evidence]
) -> tuple[list[Match], list[Issue]]:
    """Part off the records that would be new, were there not an account they could belong to: nobody gets a second account unasked."""
    if not alike:
        return matches, []
    suggested = {found.record.sis_id for found in alike}
    put_off = [
        match
        for match in matches
        if match.kind is MatchKind.NEW and match.record.sis_id in suggested
    ]
    waiting_ids = {match.record.sis_id for match in put_off}
    return [match for match in matches if match.record.sis_id not in waiting_ids], [
        link_issue(match.record) for match in put_off
    ]


def decide_all(
    run: Run, matches: list[Match], issues: list[Issue], rules: Rules
) -> tuple[list[Change], list[Issue]]:
    """Decide a batch; the full rows of the accounts that differ are loaded together. `issues` are added to."""
    accounts = store.load_accounts(
        run.school_id, (match.key.id for match in matches if match.key is not None)
    )
    decided = [
        decide(match, accounts.get(match.key.id) if match.key else None, rules) for match in matches
    ]
    return [each for each in decided if isinstance(each, Change)], issues + [
        each for each in decided if isinstance(each, Issue)
    ]


def list_outside(run: Run, matcher: Matcher, outside: list[MappedRecord]) -> list[Change]:
    """Rows for students who have an account but are now in a grade that isn't pulled in: shown, left alone.

    A list, not an iterator: a connection that is in the middle of a COPY answers no query, and waits for ever.
    """
    keys = [key for each in outside if (key := matcher.linked_account(each.sis_id)) is not None]
    accounts = store.load_accounts(run.school_id, (key.id for key in keys)).values()
    return [
        list_account(ChangeKind.OUTSIDE_SELECTION, account, "grade_not_selected")
        for account in accounts
    ]


def conclude(
    run: Run,
    matcher: Matcher,
    mapper: RecordMapper,
    moved: set[str],
    counts: dict[str, int],
    proof: Proof,
) -> None:
    """What only the whole roster tells: withdraw clashes, list who is missing, count, and look at the guards."""
    verdict = matcher.check_roster(moved, complete=proof.completeness is Completeness.COMPLETE)
    with transaction.atomic():
        states.progress(run, [], counts["read"])
        linked_anew = re_keyed(run, matcher, verdict)
        found_again = {change.account_id for change in linked_anew}
        names = store.withdraw(run, verdict.withdrawn)
        counts[ChangeKind.UNCHANGED] -= verdict.withdrawn_unchanged
        names |= store.names_of(run.school_id, run.source, verdict.withdrawn - names.keys())
        vanished = [
            Issue("field_vanished", Severity.WARNING, None, "", field, source_field)
            for source_field, field in mapper.vanished_fields()
        ]
        with_new_ids = {change.sis_id for change in linked_anew}
        stand = (issue for issue in verdict.issues if issue.sis_id not in with_new_ids)
        store.save_plan(run, linked_anew, clashes.with_others(run, stand, names) + vanished)
        store.save_plan(run, [], clashes.passed_on(run))
        links.conclude(run)
        policy, gone = run_rules.leavers(run), guards.MissingAccounts()
        for keys in store.in_chunks(
            key for key in verdict.not_in_roster if key.id not in found_again
        ):
            missing = store.load_accounts(run.school_id, (key.id for key in keys)).values()
            gone.add(missing)
            store.save_plan(
                run,
                (
                    row
                    for account in missing
                    if (row := decide_missing(account, policy)) is not None
                ),
                [],
            )
        stored = store.count_plan(run)
        stored[ChangeKind.UNCHANGED] = (
            stored.get(ChangeKind.UNCHANGED, 0) + counts[ChangeKind.UNCHANGED]
        )
        counts = {
            **stored,
            **{name: number for name, number in counts.items() if name != ChangeKind.UNCHANGED},
        }
        counts["re_keyed"] = len(linked_anew)
        states.planned(run, counts, review(run, counts, gone), proof)  # 6


def re_keyed(run: Run, matcher: Matcher, verdict: RosterCheck) -> list[Change]:
    """The changes that link known people to new SIS IDs, where so many come back under new ones that it is no chance."""
    gone = {key.email_key: key for key in verdict.not_in_roster}
    taken = (
        (issue.sis_id, gone[issue.value])
        for issue in verdict.issues
        if issue.code == "email_taken" and issue.value in gone
    )
    claims = {
        sis_id: key for sis_id, key in taken if sis_id is not None and sis_id not in matcher.known
    }
    if not guards.is_many(len(claims), len(matcher.known), limits.of_run(run.settings)):
        return []
    accounts, fill_once = (
        store.load_accounts(run.school_id, (key.id for key in claims.values())),
        run_rules.fill_once(run),
    )
    met = (
        (planned, accounts.get(claims[planned.sis_id].id))
        for planned in store.planned_new(run, claims)
    )
    return [
        change
        for planned, account in met
        if account is not None and (change := relink(planned, account, fill_once)) is not None
    ]


def review(run: Run, counts: dict[str, int], gone: guards.MissingAccounts) -> list[dict[str, Any]]:
    """Look at the plan's numbers (stop 6); adds to `counts` what the guards looked at. Returns the reasons to hold."""
    counts["expected"] = store.count_expected(run)
    counts["missing"] = gone.number
    groups = gone.groups(store.expected_groups(run)) if gone.number else ()
    return [
        alarm._asdict()
        for alarm in guards.review(guards.PlanCounts(counts, groups), limits.of_run(run.settings))
    ]


def go_live(run: Run) -> None:
    """Apply a complete plan, unless a guard holds it or people have to say first who is who."""
    if not (run.is_upload or run.is_undo):
        links.refuse_undecided(run.school, run.source)
    if run.alarms:
        states.hold(run)
    else:
        apply(run)


def apply(run: Run) -> None:
    """Write the stored plan onto the accounts (stop 7): all of it or nothing, and only while the run is ours."""
    states.applying(run)
    with transaction.atomic():
        overtaken = store.apply_plan(run)
        if run.is_undo:
            undoing.settle(run)
        states.finish(run, {**run.counts, "overtaken": overtaken})
