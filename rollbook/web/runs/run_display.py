"""How a run is shown: the badge of its state, its stages, and its tiles of numbers."""

from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from rollbook.sync.models import Run, RunState
from rollbook.sync.words import states
from rollbook.sync.words.kinds import TILE_HINTS, TILE_LABELS
from rollbook.web.badge import Badge

BADGES: Final = {
    RunState.QUEUED: ("clock", "info"),
    RunState.FETCHING: ("refresh-cw", "info"),
    RunState.PLANNED: ("refresh-cw", "info"),
    RunState.APPLYING: ("refresh-cw", "info"),
    RunState.PREVIEW: ("file-spreadsheet", "look"),
    RunState.ON_HOLD: ("pause", "look"),
    RunState.DONE: ("circle-check", "good"),
    RunState.FAILED: ("circle-x", "problem"),
    RunState.DISCARDED: ("circle-slash", ""),
    RunState.CANCELLED: ("circle-slash", ""),
    RunState.UNDONE: ("rotate-ccw", ""),
}

# The counts with a tile, in this order.
TILES: Final = tuple(TILE_HINTS)
# Those that have a tile even when they are zero.
ALWAYS_SHOWN: Final = {
    "new",
    "updated",
    "unchanged",
    "outside_selection",
    "not_in_roster",
    "error",
}
# A file has no grades that are not selected, and nobody is missing from it.
ONLY_OF_A_SIS: Final = {"outside_selection", "not_in_roster"}


def badge_of(run: Run) -> Badge:
    """Return the state of a run as words and icon; a finished run with errors has its own."""
    state = RunState(run.state)
    icon, kind = BADGES[state]
    if state == RunState.DONE and run.typed_counts.error:
        icon, kind = "triangle-alert", "look"
    return Badge(states.state_words(run), icon, kind)


class Stage(NamedTuple):
    """A stage of a working run. `state` is done, current or next."""

    words: str
    state: str


def stages_of(run: Run) -> list[Stage]:
    """Return the stages that a working run passes, and which of them it is in."""
    stages = states.stages_of(run)
    order = list(stages)
    here = order.index(RunState(run.state)) if run.state in order else len(order)
    shown = []
    for place, words in enumerate(stages.values()):
        position = "done" if place < here else "current" if place == here else "next"
        shown.append(Stage(str(words), position))
    return shown


class Tile(NamedTuple):
    """A count of a run, with a label above it and a hint below."""

    label: str
    value: int
    hint: str


def tiles_of(run: Run) -> list[Tile]:
    """Return the counts of a run that are worth a tile, each with its label and hint."""
    counts = run.typed_counts
    tiles = []
    for key in TILES:
        if (run.is_upload or run.is_undo) and key in ONLY_OF_A_SIS:
            continue
        count = counts.number(key)
        if count or (key in ALWAYS_SHOWN and not run.is_undo):
            tiles.append(Tile(_(TILE_LABELS[key]), count, str(TILE_HINTS[key])))
    return tiles
