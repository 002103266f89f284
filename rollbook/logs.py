"""How log lines look: text for people, or JSON with the run they belong to. An exception shows its lines of code, never its message.

The message of an exception may hold what a student or a SIS wrote (PostgreSQL quotes the row that broke a constraint).
"""

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_run: ContextVar[str] = ContextVar("run", default="")


@contextmanager
def of_run(run_id: object) -> Iterator[None]:
    """Lines that are logged in here carry this run's id."""
    token = _run.set(str(run_id))
    try:
        yield
    finally:
        _run.reset(token)


def current_run() -> str:
    """The run that this thread works on, to be handed to threads of its own; "" for none."""
    return _run.get()


class Text(logging.Formatter):
    """`2026-11-23 02:00:00,123 INFO rollbook.sync.pipeline run …: done`."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name} {message}", style="{")

    def formatException(self, ei: Any) -> str:
        return _without_message(ei[1])


class Json(logging.Formatter):
    """One object a line: `at` (UTC), `level`, `logger`, `message`, and `run` and `error` where there are any."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
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
    """The names of an exception and of those that led to it, each with its lines of code."""
    told: list[str] = []
    while error is not None and len(told) < 5:
        told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nafter\n\n".join(told)
