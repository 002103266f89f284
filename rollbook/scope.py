"""Whose rows this thread may see in the database: one school's, or nobody's.

PostgreSQL compares the school of each row with a setting of the session (row-level security);
`rollbook.engine` sends the setting. Without an open scope there are no rows. The places that have
to see all schools open the scope of the installation and say which place they are: a test lists
them.

A scope belongs to a thread. A thread that is started inside one begins without.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

T = TypeVar("T")

INSTALLATION: Final = "installation"
NOBODY: Final = ""


class Across(StrEnum):
    """Why a place has to see the rows of all schools."""

    COMMAND = "a command, until it knows its school"
    QUEUE = "which run of which school is next"
    LEASES = "the runs of this process, of several schools"
    HOUSEKEEPING = "due times, sweeps and retention"
    MEASURES = "counts for monitoring, without student data"
    OPERATORS = "counts of schools for an operator, without students"
    STUDENTS_DOOR = "a student who signs in, until the school is known"
    SCHOOL_OF_ROW = "the school of the row that a job is about"
    BACKUP = "the whole installation in one file"


_open: ContextVar[str] = ContextVar("scope", default=NOBODY)


def current() -> str:
    """Return the open scope: the id of a school, INSTALLATION or NOBODY."""
    return _open.get()


@contextmanager
def of_school(school_id: UUID) -> Iterator[None]:
    """Show the rows of this school alone."""
    with _opened(str(school_id)):
        yield


@contextmanager
def of_installation(_why: Across) -> Iterator[None]:
    """Show the rows of all schools, for one of the named reasons."""
    with _opened(INSTALLATION):
        yield


@contextmanager
def closed() -> Iterator[None]:
    """Show no rows, whatever was open before."""
    with _opened(NOBODY):
        yield


def narrow(school_id: UUID) -> None:
    """Show the rows of this school alone, until the scope that is open now ends."""
    _open.set(str(school_id))


def lines_of_school(school_id: UUID, lines: Iterable[T]) -> Iterator[T]:
    """Yield the lines of an answer that is sent after its view has ended.

    The scope is open only while a line is made: between two lines this thread may do other work.
    """
    rest = iter(lines)
    while True:
        with of_school(school_id):
            line = list(_first(rest))
        if not line:
            return
        yield line[0]


def _first(rest: Iterator[T]) -> Iterator[T]:
    for line in rest:
        yield line
        return


@contextmanager
def _opened(value: str) -> Iterator[None]:
    token = _open.set(value)
    try:
        yield
    finally:
        _open.reset(token)
