"""Report files: a small one is made while one waits, a large one by a worker; kept for a day, then deleted.

A file's row is claimed by conditional update like a run: whoever makes it holds `attempts` as its fence and renews `touched_at`, so
that a file whose maker was killed is taken up again and never written by two.
"""

import logging
from datetime import timedelta
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sync import queue, retention
from rollbook.sync.models import ReportFile, ReportState, Run
from rollbook.sync.report import counts, workbook

log = logging.getLogger(__name__)

AT_ONCE = 2_000  # rows that are made while one waits: well under a second
KEPT: Final = timedelta(hours=24)
SILENT: Final = timedelta(
    seconds=120
)  # a maker that said nothing for so long is taken for dead; packing the largest file takes less
ATTEMPTS = 3


class NoReport(Exception):
    """A run has no report, because its plan never became complete. The message says so in words."""


def request_report(run: Run, by: User | None, via: str = "web") -> ReportFile:
    """Ask for the report file of a run: ready at once where it is small, else being made, with its progress in the row.

    The same wish again gets the same file, until the run changes or the file expires. Raises NoReport.
    """
    if retention.is_past_keeping(run):
        raise NoReport(
            _("The rows of this report were removed after %(days)d days; its numbers stay.")
            % {"days": config.report_days}
        )
    if not counts.has_plan(run):
        raise NoReport(_("This run has no report, because it ended before all students were read."))
    wanted = ReportFile(
        school_id=run.school_id,
        run=run,
        requested_by=by,
        via=via,
        language=get_language() or "en",
        stamp=_stamp(run),
        rows_total=sum(counts.tab_counts(run)),
        name=workbook.file_name(run),
        expires_at=timezone.now() + KEPT,
    )
    _same(wanted).filter(expires_at__lte=Now()).delete()
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError:
        there = _same(wanted).first()
        if there is None:  # it failed in this very moment: there is room now
            return request_report(run, by, via)
        wanted = there
    if wanted.state == ReportState.MAKING:
        _start(wanted)
    return wanted


def _same(wanted: ReportFile) -> QuerySet[ReportFile]:
    """The file of the same wish, without its content."""
    files = ReportFile.objects.filter(
        school_id=wanted.school_id,
        run_id=wanted.run_id,
        stamp=wanted.stamp,
        language=wanted.language,
    )
    return files.exclude(state=ReportState.FAILED).defer("content")


def _start(file: ReportFile) -> None:
    if file.rows_total > AT_ONCE:
        queue.wake(queue.MAKE_REPORT, file.pk)
    else:
        make(file.pk)
        file.refresh_from_db(fields=["state", "rows_done", "size", "attempts", "touched_at"])


def make(file_id: UUID) -> None:
    """Claim a file, write it, store it. Does nothing where it is done or somebody else is at it."""
    file = _claim(file_id)
    if file is None:
        return
    try:
        with override(file.language), TemporaryFile() as target:
            workbook.write_report(
                file.run, target, progress=lambda done, total: _touch(file, done, total)
            )
            target.seek(0)
            _store(file, target.read())
    except _TakenOver:
        log.warning("report %s: taken over by another worker, stopped here", file.pk)
    except _Stopping:
        _ours(file).update(touched_at=None, attempts=F("attempts") - 1)
        queue.wake(queue.MAKE_REPORT, file.pk)
    except Exception:
        _ours(file).update(state=ReportState.FAILED)
        raise


class _TakenOver(Exception):
    """Another worker makes this file now."""


class _Stopping(Exception):
    """This worker was told to stop: the file goes back unfinished, and the try isn't counted."""


def _claim(file_id: UUID) -> ReportFile | None:
    """Take a file that nobody makes, or whose maker fell silent. After too many tries it is given up."""
    free = Q(touched_at__isnull=True) | Q(touched_at__lt=Now() - SILENT)
    waiting = ReportFile.objects.filter(free, pk=file_id, state=ReportState.MAKING)
    if waiting.filter(attempts__gte=ATTEMPTS).update(state=ReportState.FAILED):
        log.error("report %s: given up after %s tries", file_id, ATTEMPTS)
        return None
    if not waiting.update(attempts=F("attempts") + 1, touched_at=Now(), rows_done=0):
        return None
    return (
        ReportFile.objects.defer("content")
        .select_related("run__school", "run__requested_by", "school", "requested_by")
        .get(pk=file_id)
    )


def _touch(file: ReportFile, done: int, total: int) -> None:
    if queue.stopping.is_set():
        raise _Stopping
    if not _ours(file).update(rows_done=done, rows_total=total, touched_at=Now()):
        raise _TakenOver


def _store(file: ReportFile, content: bytes) -> None:
    """Keep the finished file, and note in the audit log that a person got it made: ids and counts only."""
    with transaction.atomic():
        ready = {
            "state": ReportState.READY,
            "content": content,
            "size": len(content),
            "expires_at": Now() + KEPT,
        }
        if not _ours(file).update(**ready):
            raise _TakenOver
        audit.record(
            "report.made",
            school=file.school,
            actor=file.requested_by,
            subject=str(file.run_id),
            via=file.via,
            **counts.tab_counts(file.run)._asdict(),
        )


def _ours(file: ReportFile) -> QuerySet[ReportFile]:
    return ReportFile.objects.filter(pk=file.pk, state=ReportState.MAKING, attempts=file.attempts)


def hand_out(file: ReportFile, by: User | None, via: str = "web") -> bytes | None:
    """The content of a file that is ready, noted in the audit log; None where it is not (or no longer) there."""
    there = ReportFile.objects.filter(
        pk=file.pk, school_id=file.school_id, state=ReportState.READY, expires_at__gt=Now()
    )
    content = there.values_list("content", flat=True).first()
    if content is None:
        return None
    audit.record(
        "report.downloaded",
        school=file.school,
        actor=by,
        subject=str(file.run_id),
        via=via,
        bytes=file.size,
    )
    return bytes(content)


def sweep_reports() -> None:
    """Wake files whose maker fell silent, and delete those whose time is over."""
    expire_reports()
    silent = ReportFile.objects.filter(
        Q(touched_at__lt=Now() - SILENT)
        | Q(touched_at__isnull=True, created_at__lt=Now() - SILENT),
        state=ReportState.MAKING,
    )
    for file_id in silent.values_list("pk", flat=True):
        queue.wake(queue.MAKE_REPORT, file_id)


def expire_reports() -> int:
    """Delete the files whose time is over; how many there were."""
    return ReportFile.objects.filter(expires_at__lte=Now()).delete()[0]


def _stamp(run: Run) -> str:
    """Tells one state of a run from another, as far as its report shows it; read afresh, since the caller's run may be older."""
    columns = ("state", "fence", "finished_at", "counts", "school__name", "school__timezone")
    told = Run.objects.values_list(*columns).get(pk=run.pk, school_id=run.school_id)
    return blake2b(repr(told).encode(), digest_size=16).hexdigest()
