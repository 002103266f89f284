"""The form of log lines: text for people, or JSON with the run that they belong to.

An exception is logged with its lines of code, never with its message, which may have a student's
values (PostgreSQL quotes the row that broke a constraint).
"""

import json
import logging
import re
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

# The last part of these addresses lets whoever has it set a password.
_LINK = re.compile(r"(/(?:invitations|me/register)/[0-9a-f-]{36}/)[^/\s]+")
_run: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def of_run(run_id: object) -> Iterator[None]:
    """Add this run's id to the lines that are logged inside the `with`."""
    token = _run.set(str(run_id))
    try:
        yield
    finally:
        _run.reset(token)


def current_run() -> str:
    """Return the id of the run that this thread works on, or "".

    A new thread does not know it: hand it over.
    """
    return _run.get()


def log_unforeseen(log: logging.Logger, work: str, error: Exception) -> str:
    """Log an exception that nobody foresaw. Return a new reference, which the line carries.

    `work` names what was under way, such as "run 1f2e…". A person reads the reference on a screen,
    and the operator looks for it in the log.
    """
    reference = secrets.token_hex(4)
    message = "%s: an error of ours, reference %s: %s"
    log.error(message, work, reference, type(error).__name__, exc_info=error)
    return reference


class BadRequestsInOneLine(logging.Filter):
    """Removes the lines of code, and secrets of links, from lines about requests that we refuse.

    Scanners send wrong hosts, NULs and endless forms all day. The message says everything.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True always: the line stays."""
        is_refusal = record.name == "django.request" and record.levelno < logging.ERROR
        if is_refusal or record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
        if record.name.startswith("django.") and isinstance(record.args, tuple):
            record.args = tuple(map(_without_secret, record.args))
        return True


def _without_secret(value: object) -> object:
    """Return a value of a line; of a path without the secret of an invitation's link."""
    return _LINK.sub(r"\1…", value) if isinstance(value, str) else value


class Text(logging.Formatter):
    """Formats a line as `2026-11-23 02:00:00,123 INFO rollbook.sync.pipeline run …: done`."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def formatException(self, ei: Any) -> str:
        return _without_message(ei[1])


class Json(logging.Formatter):
    """Formats a line as JSON: `at` (UTC), `level`, `logger`, `message`, `run` and `error`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        document: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if run := getattr(record, "run", "") or current_run():
            document["run"] = run
        if record.exc_info and record.exc_info[1]:
            document["error"] = _without_message(record.exc_info[1])
        return json.dumps(document, ensure_ascii=False)


def _without_message(error: BaseException | None) -> str:
    """Return the names of an exception and of its causes, each with its lines of code."""
    parts: list[str] = []
    while error is not None and len(parts) < 5:
        parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nafter\n\n".join(parts)
