"""A school's rules for leavers: what happens to them, and after how long."""

from datetime import date
from typing import Final, NamedTuple

NOTHING, LIST, DEACTIVATE = POLICIES = ("nothing", "list", "deactivate")
# Most school years of the northern hemisphere end in June; each school can choose another day.
ROLLOVER: Final = "07-01"


class LeaverRules(NamedTuple):
    """A school's rules for leavers as they were when the run was requested.

    `today` is the day of the run in the school's zone. An account is closed when `runs` complete
    live runs in a row lacked it, this one included, and it has been missing for `days`. `rollover`
    is the month and day, such as "07-01", on which a school year ends and its graduates have
    graduated. `paused` leaves all accounts alone.
    """

    today: date
    policy: str = LIST
    runs: int = 3
    days: int = 7
    rollover: str = ROLLOVER
    paused: bool = False

    def grace_is_over(self, missing_runs: int, missing_since: date | None) -> bool:
        """Return whether a student has been missing for as long as these rules require."""
        missing_days = (self.today - missing_since).days if missing_since else 0
        return missing_runs >= self.runs and missing_days >= self.days
