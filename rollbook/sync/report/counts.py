"""What the stored plan of a run holds, in numbers: its rows by kind and outcome, and by tab."""

from typing import NamedTuple, TypeAlias

from django.db.models import Count

from rollbook.roster.fields import ACTIVE, STUDENT_FIELDS
from rollbook.roster.planning.changes import ChangeKind
from rollbook.sync.models import Change, Issue, Run
from rollbook.sync.words.kinds import UPDATED_KINDS

ChangeCounts: TypeAlias = dict[str, dict[str, int]]  # rows by kind, then by outcome


class TabCounts(NamedTuple):
    """How many rows each tab of a report has. `errors` counts problems of every severity."""

    errors: int
    new: int
    updated: int


def has_plan(run: Run) -> bool:
    """Return whether the plan of a run is complete.

    Before that, a report would look like that of a smaller school.
    """
    return bool(run.counts)


def count_changes(run: Run) -> ChangeCounts:
    """Return the number of stored rows by kind, then by outcome ("" for an applied one).

    The rows of a kind are counted in one index and the few with an outcome in another: counted in
    the table itself, 190,000 rows took four times as long.
    """
    changes = Change.objects.filter(school_id=run.school_id, run_id=run.pk).order_by()
    counts: ChangeCounts = {}
    for kind, number in changes.values_list("kind").annotate(Count("pk")):
        counts[kind] = {"": number}
    with_outcome = changes.exclude(outcome="").values_list("kind", "outcome")
    for kind, outcome, number in with_outcome.annotate(Count("pk")):
        outcomes = counts.setdefault(kind, {"": number})
        outcomes[outcome] = number
        outcomes[""] -= number
    return {
        kind: {outcome: number for outcome, number in outcomes.items() if number > 0}
        for kind, outcomes in counts.items()
    }


def tab_counts(run: Run, changes: ChangeCounts | None = None) -> TabCounts:
    """Return the numbers of the tabs, counted from the rows that the tabs show.

    `changes` are the result of `count_changes` where that is known already.
    """
    counted = count_changes(run) if changes is None else changes
    by_kind = {kind: sum(outcomes.values()) for kind, outcomes in counted.items()}
    return TabCounts(
        errors=Issue.objects.filter(school_id=run.school_id, run_id=run.pk).count(),
        new=by_kind.get(ChangeKind.NEW, 0),
        updated=sum(by_kind.get(kind, 0) for kind in UPDATED_KINDS),
    )


def mapped_fields(run: Run) -> list[str]:
    """Return the fields that the mapping of a run fills, all of them where it is not known.

    An upload with an Active column fills `status` as well.
    """
    mapped = {field for _source_field, field in run.roster_settings.mapping}
    fields = [key for key in STUDENT_FIELDS if key in mapped or not mapped]
    return [*fields, "status"] if ACTIVE in mapped else fields
