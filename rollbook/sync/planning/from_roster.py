"""The plan of a run that reads a SIS: stops 1 to 6 of the way of a record."""

from functools import partial
from itertools import chain

import msgspec
from django.db import transaction

from rollbook.roster.planning import guards
from rollbook.roster.planning.changes import Change
from rollbook.roster.planning.missing import MissingAccounts
from rollbook.roster.records import Completeness, Issue
from rollbook.sources.base import Page
from rollbook.sync import erasing, store
from rollbook.sync.models import Mode, RosterCounts, Run, RunState, Trigger
from rollbook.sync.planning import links, names
from rollbook.sync.planning import rules as run_rules
from rollbook.sync.planning.batch import (
    Batch,
    Prepared,
    Tally,
    decide_records,
    map_records,
    match_records,
    prepare,
    record_issues,
)
from rollbook.sync.planning.reading import batches, read_roster, release
from rollbook.sync.planning.whole_roster import RosterNotes, missing_ids, plan_missing, settle
from rollbook.sync.planning.writing import PlanWriter
from rollbook.sync.runs import progress, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.setup import limits, proofs
from rollbook.sync.store.outside import save_outside


def plan(run: Run, lease: Lease) -> None:
    """Read the roster and store what would change for every student."""
    progress.begin_plan(run)
    links.forget(run)
    prepared = prepare(run)
    tally = Tally(store.settled_accounts(run, "other_people"))
    reading = read_roster(
        run, prepared.mapper.source_fields, lease, lambda: missing_ids(run, prepared)
    )
    notes = RosterNotes()
    with PlanWriter(lease) as writer:
        for pages in batches(reading):  # 1
            lease.check()
            notes.add(pages)
            read = sum(len(page.records) for page in pages)
            mapped = map_records(prepared, pages)  # 2: those that are not unchanged
            records, matches = match_records(prepared, mapped)  # 3
            batch = decide_records(run, prepared, read, records, matches)  # 4
            tally.add(run, prepared.matcher, batch)
            issues = [*record_issues(prepared, batch.records), *batch.issues]
            save = partial(_save, run, pages, batch, issues, tally.read)
            writer.write(save, len(batch.changes) + len(issues))  # 5
            release(pages)
            del mapped, records, matches, batch, issues, save
    complete = reading.proof.completeness is Completeness.COMPLETE
    check = prepared.matcher.check_roster(
        tally.moved, complete=complete, freed=prepared.freed_emails.addresses
    )
    with transaction.atomic():
        erasing.recheck(run)
        progress.note(run, [], tally.read)
        save_outside(run, bytes(tally.outside_digests))
        store.carry_problems(run, tally.rejected_again)
        settled = settle(run, prepared, check, notes, tally.waiting)
        missing = plan_missing(run, check, settled, notes)
        known_errors, cause = store.count_known_errors(run)
        unchanged = prepared.matcher.unchanged - check.withdrawn_unchanged
        counts = _count(run, prepared, tally, settled.relinked, missing)
        counts = msgspec.structs.replace(
            counts, known_errors=known_errors, unchanged=counts.unchanged + unchanged
        )
        run.roster_names = prepared.mapper.selector.counts()
        alarms = _review(run, counts, missing, cause)  # 6
        states.planned(run, counts, alarms, reading.proof)
        proofs.note_reading(run)


def _save(run: Run, pages: list[Page], batch: Batch, issues: list[Issue], read: int) -> None:
    """Store a batch.

    The same transaction checks the fence, so that a worker that was taken for dead adds nothing.
    """
    with transaction.atomic():
        progress.note(run, pages, read)
        store.save_plan(run, chain(batch.changes, batch.listed), issues)
        links.propose(run, batch.evidence)


def _count(
    run: Run,
    prepared: Prepared,
    tally: Tally,
    relinked: list[Change],
    missing: MissingAccounts,
) -> RosterCounts:
    """Return the counts of the whole plan, of unchanged students only those that have a row."""
    rows = store.count_plan(run)
    rows["outside_selection"] = tally.outside_selection  # most of them have no row
    return RosterCounts(
        **rows,
        read=tally.read,
        accounts=len(prepared.matcher.known),
        # Who left this SIS earlier, and another one still has, isn't expected any more. Nor are
        # those whose absence a person has approved.
        expected=store.count_expected(run) - missing.moved_on - missing.settled,
        missing=missing.number,
        missing_settled=missing.settled,
        elsewhere=missing.newly_elsewhere,
        other_people=tally.other_people,
        re_keyed=len(relinked),
        moved=store.count_moved(run),
        erased=prepared.erased.number,
    )


def _review(
    run: Run,
    counts: RosterCounts,
    missing: MissingAccounts,
    cause: guards.ErrorCause | None,
) -> list[guards.Alarm]:
    """Return the reasons to hold this plan."""
    groups = missing.groups(store.expected_groups(run)) if missing.number else ()
    cleared = store.cleared_fields(run) if run_rules.clears(run) else ()
    before = _last_live_run(run)
    plan_counts = guards.PlanCounts(
        counts.stored(), groups, cause, cleared, **names.changed(run, before)
    )
    run_limits = limits.of_run(run)
    if before is not None and names.selects_more(run, before):
        run_limits = run_limits._replace(new_percent=None)
    return guards.review(plan_counts, run_limits)


def _last_live_run(run: Run) -> Run | None:
    """Return the last live run of this SIS that changed accounts."""
    runs = Run.objects.filter(
        school_id=run.school_id, source=run.source, mode=Mode.LIVE, state=RunState.DONE
    ).exclude(trigger=Trigger.UPLOAD)
    return runs.filter(undoes__isnull=True).order_by("-requested_at").first()
