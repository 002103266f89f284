"""The exit codes of every command, and their description at the end of the help."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended, for scripts. 1 is left for unexpected errors."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    RUN_FAILED = 4
    ON_HOLD = 5
    NOT_FOUND = 6
    NOT_READY = 7
    STILL_RUNNING = 8


EXIT_CODES = """\b
Exit codes:
  0  done
  2  the command line was not understood
  3  refused: nothing was changed
  4  the run failed or was discarded: no account was changed
  5  the run is on hold and waits for a decision
  6  no such school, user, integration or run
  7  not ready: no database, not migrated, or no worker
  8  --timeout was over; the run continues"""
