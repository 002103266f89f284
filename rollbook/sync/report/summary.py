"""What a run was and what came of it, in lines and sentences: the Summary sheet, and the words above the report on the run's page."""

from datetime import timedelta
from typing import Final, NamedTuple

from django.db.models import Count, Func, TextField, Value
from django.db.models.fields.json import KT
from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop, ngettext

from rollbook.roster.planning import ChangeKind
from rollbook.roster.values import grade_label
from rollbook.schools.clock import time_text
from rollbook.sync.models import Change, Issue, Mode, Run, RunState, Trigger
from rollbook.sync.report.rows import UPDATED_KINDS, count_changes, sis_label
from rollbook.sync.words.labels import (
    KIND_LABELS,
    SEVERITY_PLURALS,
    UNFINISHED,
    applied_words,
    word,
)
from rollbook.sync.words.proofs import proof_words

EMAIL_CHANGED: Final = gettext_noop("E-mail changed")
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
    started_by = (
        run.requested_by.name
        if run.trigger in {Trigger.PERSON, Trigger.UPLOAD} and run.requested_by
        else str(Trigger(run.trigger).label)
    )
    duration = run.finished_at - run.started_at if run.finished_at and run.started_at else None
    lines = [
        Line(gettext("Uploader type"), run.uploader_type),
        Line(gettext("School"), run.school.name),
        Line(gettext("Mode"), str(Mode(run.mode).label)),
        Line(gettext("State"), str(RunState(run.state).label)),
        Line(gettext("Started by"), started_by),
        Line(gettext("Started"), time_text(run.started_at, run.school.timezone)),
        Line(gettext("Finished"), time_text(run.finished_at, run.school.timezone)),
        Line(gettext("Duration"), "" if duration is None else _span(duration)),
        _what_was_read(run),
        Line(gettext("Completeness"), proof_words(run, sis_label(run))),
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
    names = KIND_LABELS | {"email_changed": EMAIL_CHANGED} | SEVERITY_PLURALS
    read = [
        Line(gettext("Pages read"), run.pages_done),
        Line(gettext("Students read"), counts.get("read", run.students_done)),
    ]
    return read + [Line(word(names, key), counts.get(key, 0)) for key in names]


def what_was_changed(run: Run) -> str:
    """In one or two sentences, what this run did to the accounts."""
    if run.mode == Mode.TEST:
        return gettext("This was a test run: no account was changed.")
    if run.state == RunState.UNDONE:
        return gettext("This run was undone: what it had changed was put back.")
    if run.state != RunState.DONE:
        fallback = gettext("This run is not finished: no account has been changed yet.")
        return word(UNFINISHED, run.state) if run.state in UNFINISHED else fallback
    counts = count_changes(run)
    applied = {kind: counts.get(kind, {}).get("", 0) for kind in (ChangeKind.NEW, *UPDATED_KINDS)}
    overtaken = sum(by_outcome.get("overtaken", 0) for by_outcome in counts.values())
    left_out = sum(by_outcome.get("left_out", 0) for by_outcome in counts.values())
    said = undone_words(run) if run.is_undo else applied_words(applied)
    if not said and overtaken:
        said = gettext("No account was changed.")
    elif not said:
        in_step = run.counts.get("unchanged") and not run.counts.get("error")
        said = (
            gettext("Nothing changed: every account was in step already.")
            if in_step
            else gettext("No account had to be changed.")
        )
    if overtaken:
        text = ngettext(
            "%(number)d account was left as it is, because it had been changed while the run was waiting.",
            "%(number)d accounts were left as they are, because they had been changed while the run was waiting.",
            overtaken,
        )
        said = f"{said} {text % {'number': overtaken}}"
    if left_out:
        text = ngettext(
            "%(number)d change was left out, as it was approved.",
            "%(number)d changes were left out, as it was approved.",
            left_out,
        )
        said = f"{said} {text % {'number': left_out}}"
    return said


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
    told = gettext("%(number)s addresses move from @%(was)s to @%(becomes)s")
    return [
        told % {"number": number_format(number, force_grouping=True), "was": old, "becomes": new}
        for old, new, number in moves
        if old != new and number > FEW
    ]


def undone_words(run: Run) -> str:
    """What an undo put back, and what it left alone."""
    counts = run.counts
    accounts, values, deactivated, stays = (
        counts.get(f"undone_{name}", 0) for name in ("accounts", "values", "deactivated", "stays")
    )
    said = []
    if accounts:
        text = ngettext(
            "%(values)d value of %(number)d student went back.",
            "%(values)d values of %(number)d students went back.",
            accounts,
        )
        said.append(text % {"values": values, "number": accounts})
    if deactivated:
        text = ngettext(
            "%(number)d account that the run had made was deactivated.",
            "%(number)d accounts that the run had made were deactivated.",
            deactivated,
        )
        said.append(text % {"number": deactivated})
    if stays:
        text = ngettext(
            "%(number)d value stays, because it was changed since; it is listed.",
            "%(number)d values stay, because they were changed since; they are listed.",
            stays,
        )
        said.append(text % {"number": stays})
    return " ".join(said)


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
