"""Stop 6: a plan's counts → go on, or hold. Each guard is one small function with its reason."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple


class Alarm(NamedTuple):
    """A reason to hold a run. `code` names the guard; `numbers` fill its sentence."""

    code: str
    numbers: dict[str, int]


def empty_roster(counts: Mapping[str, int]) -> Alarm | None:
    """An SIS that answers with no students at all: a right was lost or the wrong school asked, never a school without children."""
    return Alarm("roster_empty", {"accounts": counts.get("accounts", 0)}) if counts.get("read", 0) == 0 else None


GUARDS: Final[tuple[Callable[[Mapping[str, int]], Alarm | None], ...]] = (empty_roster,)


def review(counts: Mapping[str, int]) -> list[Alarm]:
    """All reasons to hold this plan; none means go on. `counts` maps `read`, `accounts`, change kinds and severities to numbers."""
    return [alarm for guard in GUARDS if (alarm := guard(counts)) is not None]
