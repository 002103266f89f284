"""What a run was and what came of it, in lines and sentences: the Summary sheet, and the words above the report on the run's page."""

from datetime import timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Func, TextField, Value
from django.db.models.fields.json import KT
from django.utils.translation import gettext

from rollbook.roster.values import grade_label
from rollbook.schools.clock import time_text
from rollbook.sync.models import Change, Issue, Mode, Run, RunState
from rollbook.sync.report.counts import count_changes
from rollbook.sync.words import results
from rollbook.sync.words.kinds import COUNT_LABELS, UPDATED_KINDS
from rollbook.sync.words.proofs import proof_words
from rollbook.sync.words.sources import uploader_type
from rollbook.sync.words.states import started_by
from rollbook.sync.words.text import word

FEW: Final = 5  # addresses that move between two domains without being one decision


class Line(NamedTuple):
    """One line of the summary: numbers are counts, everything else is text."""

    label: str
    value: str | int


def summary(run: Run) -> list[Line]:
    """What a run was and what came of it: the Summary sheet, and with the numbers alone the tiles of the run's page."""
    return [*about(run), *numbers(run)]


def about(run: Run) -> list[Line]:
    """Who, what, when, and in a plain sentence what was changed."""
    duration = run.finished_at - run.started_at if run.finished_at and run.started_at else None
    lines = [
        Line(gettext("Uploader type"), uploader_type(run)),
        Line(gettext("School"), run.school.name),
        Line(gettext("Mode"), str(Mode(run.mode).label)),
        Line(gettext("State"), str(RunState(run.state).label)),
        Line(gettext("Started by"), started_by(run)),
        Line(gettext("Started"), time_text(run.started_at, run.school.timezone)),
        Line(gettext("Finished"), time_text(run.finished_at, run.school.timezone)),
        Line(gettext("Duration"), "" if duration is None else _span(duration)),
        _what_was_read(run),
        Line(gettext("Completeness"), proof_words(run)),
        Line(gettext("What was changed"), what_was_changed(run)),
    ]
    if run.error_what:
        lines += [
            Line(gettext("What went wrong"), run.error_what),
            Line(gettext("What to do"), run.error_remedy),
        ]
    return lines


def _what_was_read(run: Run) -> Line:
    """The file of an upload; of a SIS, the grades that were pulled in."""
    if run.is_upload:
        return Line(gettext("File"), str(run.settings.get("file_name", "")))
    return Line(
        gettext("Grades"), ", ".join(grade_label(level) for level in run.settings.get("grades", ()))
    )


def numbers(run: Run) -> list[Line]:
    """The counts of a run: what was read, each kind of change, each severity."""
    stored = {kind: sum(by_outcome.values()) for kind, by_outcome in count_changes(run).items()}
    severities = (
        Issue.objects.filter(school_id=run.school_id, run_id=run.pk)
        .order_by()
        .values_list("severity")
        .annotate(Count("pk"))
    )
    counts: dict[str, int] = {**stored, **dict(severities), **run.counts}
    read = [
        Line(gettext("Pages read"), run.pages_done),
        Line(gettext("Students read"), counts.get("read", run.students_done)),
    ]
    return read + [Line(word(COUNT_LABELS, key), counts.get(key, 0)) for key in COUNT_LABELS]


def what_was_changed(run: Run) -> str:
    """Return what a run did to the accounts, in one or two sentences."""
    return results.what_was_changed(run, count_changes(run))


def moved_domains(run: Run) -> list[str]:
    """E-mails that move from one domain to another in bulk, each such move as the one decision that it is."""
    if not run.counts.get("email_changed", 0) > FEW:
        return []
    was, becomes = (
        Func(
            KT(f"{name}__email_key"),
            Value("@"),
            Value(2),
            function="split_part",
            output_field=TextField(),
        )
        for name in ("before", "after")
    )
    changes = Change.objects.filter(
        school_id=run.school_id, run_id=run.pk, kind__in=UPDATED_KINDS, after__has_key="email_key"
    ).order_by()
    moves = (
        changes.annotate(was=was, becomes=becomes)
        .values_list("was", "becomes")
        .annotate(number=Count("pk"))
        .order_by("-number")
    )
    return [
        results.moved_domain_words(number, old, new)
        for old, new, number in moves
        if old != new and number > FEW
    ]


def _span(duration: timedelta) -> str:
    """A length of time as people say it: 42 s, 3 min 5 s, 1 h 2 min."""
    seconds = max(0, round(duration.total_seconds()))
    if seconds < 60:
        return gettext("%(seconds)d s") % {"seconds": seconds}
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds}
    return gettext("%(hours)d h %(minutes)d min") % {
        "hours": minutes // 60,
        "minutes": minutes % 60,
    }
