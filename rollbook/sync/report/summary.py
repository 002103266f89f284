"""What a run was and what came of it: the Summary sheet, and the sentences above its report."""

from datetime import timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Func, TextField, Value
from django.db.models.fields.json import KT
from django.utils.translation import gettext

from rollbook.schools.clock import time_text
from rollbook.sync.models import Change, Issue, Mode, Run, RunCounts, RunState
from rollbook.sync.report.class_moves import class_moves
from rollbook.sync.report.counts import ChangeCounts, count_changes
from rollbook.sync.words import results
from rollbook.sync.words.kinds import COUNT_LABELS, UPDATED_KINDS
from rollbook.sync.words.proofs import proof_words
from rollbook.sync.words.selection import selection_words
from rollbook.sync.words.sources import uploader_type
from rollbook.sync.words.states import started_by
from rollbook.sync.words.text import word

FEW_ADDRESSES: Final = 5  # so many may change their domain without being one decision


class SummaryLine(NamedTuple):
    """One line of the summary. Numbers are counts, everything else is text."""

    label: str
    value: str | int


def summary(run: Run) -> list[SummaryLine]:
    """Return the lines of the Summary sheet: first in words, then in numbers."""
    return [*_in_words(run), *_in_numbers(run)]


def what_was_changed(run: Run, changes: ChangeCounts | None = None) -> str:
    """Return what a run did to the accounts, in one or two sentences.

    `changes` are the result of `count_changes` where that is known already.
    """
    return results.what_was_changed(run, count_changes(run) if changes is None else changes)


def moved_domains(run: Run) -> list[str]:
    """Return each bulk move of e-mails from one domain to another as a sentence."""
    if run.typed_counts.email_changed <= FEW_ADDRESSES:
        return []
    changes = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, kind__in=UPDATED_KINDS, after__has_key="email"
    )
    changes = changes.annotate(domain_before=_domain("before"), domain_after=_domain("after"))
    moves = changes.order_by().values_list("domain_before", "domain_after")
    return [
        results.moved_domain_words(addresses, before, after)
        for before, after, addresses in moves.annotate(number=Count("pk")).order_by("-number")
        if before != after and addresses > FEW_ADDRESSES
    ]


def _domain(column: str) -> Func:
    """Return the expression for the domain of the e-mail in a column of values."""
    return Func(
        KT(f"{column}__email_key"),
        Value("@"),
        Value(2),
        function="split_part",
        output_field=TextField(),
    )


def _in_words(run: Run) -> list[SummaryLine]:
    zone = run.school.timezone
    lines = [
        SummaryLine(gettext("Uploader type"), uploader_type(run)),
        SummaryLine(gettext("School"), run.school.name),
        SummaryLine(gettext("Mode"), str(Mode(run.mode).label)),
        SummaryLine(gettext("State"), str(RunState(run.state).label)),
        SummaryLine(gettext("Started by"), started_by(run)),
        SummaryLine(gettext("Started"), time_text(run.started_at, zone)),
        SummaryLine(gettext("Finished"), time_text(run.finished_at, zone)),
        SummaryLine(gettext("Duration"), _duration_text(run.duration) if run.duration else ""),
        _what_was_read(run),
        SummaryLine(gettext("Completeness"), proof_words(run)),
        SummaryLine(gettext("What was changed"), what_was_changed(run)),
        *(SummaryLine(gettext("Whole class"), move.sentence) for move in class_moves(run)),
    ]
    if run.error_what:
        lines.append(SummaryLine(gettext("What went wrong"), run.error_what))
        lines.append(SummaryLine(gettext("What to do"), run.error_remedy))
    return lines


def _what_was_read(run: Run) -> SummaryLine:
    """Return the file of an upload, or the grades that were read from a SIS."""
    if run.is_upload:
        return SummaryLine(gettext("File"), run.upload_settings.file_name)
    return SummaryLine(gettext("Grades"), selection_words(run.roster_settings))


def _in_numbers(run: Run) -> list[SummaryLine]:
    by_kind = {kind: sum(outcomes.values()) for kind, outcomes in count_changes(run).items()}
    issues = Issue.objects.filter(school_id=run.school_id, run_id=run.pk).order_by()
    by_severity = dict(issues.values_list("severity").annotate(Count("pk")))
    counts = RunCounts.load({**by_kind, **by_severity, **run.counts})
    return [
        SummaryLine(gettext("Pages read"), run.pages_done),
        SummaryLine(gettext("Students read"), counts.read or run.students_done),
        *(SummaryLine(word(COUNT_LABELS, key), counts.number(key)) for key in COUNT_LABELS),
    ]


def _duration_text(duration: timedelta) -> str:
    """Return a length of time as "42 s", "3 min 5 s" or "1 h 2 min"."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return gettext("%(seconds)d s") % {"seconds": seconds}
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds}
    hours, minutes = divmod(minutes, 60)
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
