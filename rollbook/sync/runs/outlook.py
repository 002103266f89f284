"""What each decision about a held run will do, counted from the run's stored rows."""

from django.db.models import BooleanField, Case, Count, Value, When

from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.sync.models import LEFT_OUT, Change, Run
from rollbook.sync.runs.left_out import email_left_out, freed_for, never_wanted
from rollbook.sync.store.settled import ABSENCE_ALARMS
from rollbook.sync.words.decisions import Outlook, Settled, outlook_words


def outlook(run: Run) -> Outlook:
    """Return what approving, approving in part and discarding this run would do, as sentences."""
    rows = Change.objects.filter(
        school_id=run.school_id,
        run_id=run.pk,
        kind__in=(*WRITING_KINDS, ChangeKind.NOT_IN_ROSTER),
        outcome="",
    ).exclude(never_wanted(run))
    risky = Case(
        When(LEFT_OUT, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    grouped = rows.annotate(risky=risky).order_by().values_list("kind", "risky")
    counts = {
        (ChangeKind(kind), is_risky): number
        for kind, is_risky, number in grouped.annotate(number=Count("pk"))
    }
    split = dict(email_left_out(run).order_by().values_list("kind").annotate(number=Count("pk")))
    additions = {kind: counts.get((kind, False), 0) for kind in WRITING_KINDS}
    everything = {kind: additions[kind] + counts.get((kind, True), 0) for kind in WRITING_KINDS}
    everything[ChangeKind.EMAIL_FREED] = freed_for(run, rows).count()
    additions[ChangeKind.EMAIL_FREED] = freed_for(run, rows.exclude(LEFT_OUT)).count()
    for kind, number in split.items():
        additions[ChangeKind(kind)] += number
    missing = counts.get((ChangeKind.NOT_IN_ROSTER, False), 0)
    alarms = {alarm["code"] for alarm in run.alarms}
    settled = Settled(
        missing=run.counts.get("missing", 0) if alarms & ABSENCE_ALARMS else 0,
        errors=run.counts.get("known_errors", 0) if "errors" in alarms else 0,
        other_people=run.counts.get("other_people", 0) if "other_people" in alarms else 0,
    )
    emails = sum(split.values())
    return outlook_words(everything, additions, missing, settled, emails_left_out=emails)
