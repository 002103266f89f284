"""Report files: a small one is made at once, a large one by a worker. They are kept for a day.

A file is claimed like a run: `touched_at` is the maker's heartbeat, `attempts` its fence. So a file
whose maker was killed is taken up again, and two makers never write the same file.
"""

import logging
from datetime import timedelta
from hashlib import blake2b
from tempfile import TemporaryFile
from typing import Final
from uuid import UUID

from django.db import Error, IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from rollbook import logs
from rollbook.config import config
from rollbook.schools import audit, clock
from rollbook.schools.models import User
from rollbook.sync import queue, retention
from rollbook.sync.models import ReportFile, ReportState, Run
from rollbook.sync.report import counts, workbook
from rollbook.sync.words.mistakes import report_mistake

log = logging.getLogger(__name__)

AT_ONCE = 2_000  # rows that are made while the reader waits: well under a second
KEPT_FOR: Final = timedelta(hours=24)
# A maker that was silent for so long is taken for dead. Packing the largest file takes less.
SILENT: Final = timedelta(seconds=120)
ATTEMPTS = 3


class NoReport(Exception):
    """A run has no report: its plan never became complete, or its rows were removed.

    The text says which.
    """


def request_report(run: Run, by: User | None, via: str = "web") -> ReportFile:
    """Return the report file of a run: a small one is ready, a large one is being made.

    Asked for again, the same file is returned until the run changes or the file expires.
    Raises NoReport.
    """
    if retention.is_past_keeping(run):
        message = _("The rows of this report were removed after %(days)d days; its numbers stay.")
        raise NoReport(message % {"days": config.report_days})
    if not counts.has_plan(run):
        raise NoReport(_("This run has no report, because it ended before all students were read."))
    file = ReportFile(
        school_id=run.school_id,
        run=run,
        requested_by=by,
        via=via,
        language=get_language() or "en",
        stamp=_stamp(run),
        rows_total=sum(counts.tab_counts(run)),
        name=workbook.file_name(run),
        expires_at=clock.now() + KEPT_FOR,
    )
    _same_report(file).filter(expires_at__lte=Now()).delete()
    try:
        with transaction.atomic():
            file.save(force_insert=True)
    except IntegrityError:
        existing = _same_report(file).first()
        if existing is None:  # it failed in this very moment: there is room now
            return request_report(run, by, via)
        file = existing
    if file.state == ReportState.MAKING:
        _start(file)
    return file


def _same_report(file: ReportFile) -> QuerySet[ReportFile]:
    """Return the file with the same report, without its content."""
    files = ReportFile.objects.filter(
        school_id=file.school_id,
        run_id=file.run_id,
        stamp=file.stamp,
        language=file.language,
    )
    return files.exclude(state=ReportState.FAILED).defer("content")


def _start(file: ReportFile) -> None:
    if file.rows_total > AT_ONCE:
        queue.wake(queue.MAKE_REPORT, file.pk)
    else:
        make(file.pk)
        file.refresh_from_db(
            fields=["state", "trouble", "rows_done", "size", "attempts", "touched_at"]
        )


def make(file_id: UUID) -> None:
    """Claim a file, write it, store it. Does nothing if it is done or another worker makes it."""
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
        queue.give_back(_owned(file), touched_at=None)
        queue.wake(queue.MAKE_REPORT, file.pk)
    except Error:  # the database is away: the sweep finds this file
        connection.close()
        raise
    except Exception as error:  # noqa: BLE001 - made again, it would end the same way
        reference = logs.log_unforeseen(log, f"report {file.pk}", error)
        trouble = report_mistake(error, reference)
        _owned(file).update(state=ReportState.FAILED, trouble=trouble)


class _TakenOver(Exception):
    """Another worker makes this file now."""


class _Stopping(Exception):
    """This worker is stopping: the file goes back unfinished, and the try isn't counted."""


def _claim(file_id: UUID) -> ReportFile | None:
    """Take a file that nobody makes, or whose maker fell silent. Returns None where there is none.

    A file whose tries are used up is given up.
    """
    row = ReportFile.objects.defer("content").filter(pk=file_id)
    no_maker = Q(touched_at__isnull=True) | Q(touched_at__lt=Now() - SILENT)
    free = row.filter(no_maker, state=ReportState.MAKING)
    if queue.take(free, ATTEMPTS, touched_at=Now(), rows_done=0):
        return row.select_related(
            "run__school", "run__requested_by", "school", "requested_by"
        ).get()
    for file in free:
        _give_up(file)
    return None


def _give_up(file: ReportFile) -> None:
    if _owned(file).update(state=ReportState.FAILED):
        log.error("report %s: given up after %s tries", file.pk, file.attempts)


def _touch(file: ReportFile, done: int, total: int) -> None:
    if queue.stopping.is_set():
        raise _Stopping
    if not _owned(file).update(rows_done=done, rows_total=total, touched_at=Now()):
        raise _TakenOver


def _store(file: ReportFile, content: bytes) -> None:
    """Store the finished file, and note it in the audit log with ids and counts only."""
    with transaction.atomic():
        ready = {
            "state": ReportState.READY,
            "content": content,
            "size": len(content),
            "expires_at": Now() + KEPT_FOR,
        }
        if not _owned(file).update(**ready):
            raise _TakenOver
        audit.record(
            "report.made",
            school=file.school,
            actor=file.requested_by,
            subject=str(file.run_id),
            via=file.via,
            **counts.tab_counts(file.run)._asdict(),
        )


def _owned(file: ReportFile) -> QuerySet[ReportFile]:
    return ReportFile.objects.filter(pk=file.pk, state=ReportState.MAKING, attempts=file.attempts)


def hand_out(file: ReportFile, by: User | None, via: str = "web") -> bytes | None:
    """Return the content of a file, and note the download in the audit log.

    None where the file is not ready, or no longer there.
    """
    ready = ReportFile.objects.filter(
        pk=file.pk, school_id=file.school_id, state=ReportState.READY, expires_at__gt=Now()
    )
    content = ready.values_list("content", flat=True).first()
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
    silent = ReportFile.objects.defer("content").filter(
        Q(touched_at__lt=Now() - SILENT)
        | Q(touched_at__isnull=True, created_at__lt=Now() - SILENT),
        state=ReportState.MAKING,
    )
    queue.sweep_rows(queue.MAKE_REPORT, silent, ATTEMPTS, _give_up)


def expire_reports() -> int:
    """Delete the files whose time is over. Returns how many."""
    return ReportFile.objects.filter(expires_at__lte=Now()).delete()[0]


def _stamp(run: Run) -> str:
    """Return a digest of all of a run that its report shows.

    The row is read again, since the caller's run may be older.
    """
    columns = ("state", "fence", "finished_at", "counts", "school__name", "school__timezone")
    values = Run.objects.values_list(*columns).get(pk=run.pk, school_id=run.school_id)
    return blake2b(repr(values).encode(), digest_size=16).hexdigest()
