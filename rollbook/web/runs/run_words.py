"""How a run is shown: the badge of its state, the words of its stages, and what each guard that held it means."""

from typing import Final, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext_lazy

from rollbook.sync.models import Mode, Run, RunState
from rollbook.sync.report.rows import UPDATED_KINDS
from rollbook.sync.report.summary import EMAIL_CHANGED
from rollbook.sync.words.labels import KIND_LABELS, SEVERITY_PLURALS


class Badge(NamedTuple):
    words: str
    icon: str
    kind: str


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
    RunState.UNDONE: ("rotate-ccw", ""),
}

STAGES: Final = (
    (RunState.QUEUED, gettext_lazy("Waiting to start")),
    (RunState.FETCHING, gettext_lazy("Reading students")),
    (RunState.PLANNED, gettext_lazy("Comparing")),
    (RunState.APPLYING, gettext_lazy("Applying changes")),
)
STAGE_WORDS: Final = dict(STAGES) | {
    RunState.PREVIEW: gettext_lazy("Preview: waits to be confirmed"),
    RunState.ON_HOLD: gettext_lazy("On hold: a person has to decide"),
    RunState.DONE: gettext_lazy("Finished"),
    RunState.FAILED: gettext_lazy("Failed"),
    RunState.DISCARDED: gettext_lazy("Discarded"),
    RunState.UNDONE: gettext_lazy("Undone"),
}
# An undo reads no students: it is planned from the rows of the run it takes back, and a person confirms it.
UNDO_STAGES: Final = (
    (RunState.QUEUED, gettext_lazy("Waiting to start")),
    (RunState.FETCHING, gettext_lazy("Working out what goes back")),
    (RunState.PREVIEW, gettext_lazy("Preview: waits to be confirmed")),
    (RunState.PLANNED, gettext_lazy("Confirmed")),
    (RunState.APPLYING, gettext_lazy("Putting it back")),
)


def badge_of(run: Run) -> Badge:
    """The state as word and icon; "with problems" is a finished run whose report lists errors."""
    state = RunState(run.state)
    icon, kind = BADGES[state]
    if state == RunState.DONE and run.counts.get("error"):
        return Badge(_("Finished, with errors"), "triangle-alert", "look")
    return Badge(str(state.label), icon, kind)


class Stage(NamedTuple):
    words: str
    state: str  # done, current, next


def stages_of(run: Run) -> list[Stage]:
    """The stages a working run passes; a test run never applies anything."""
    stages = UNDO_STAGES if run.is_undo else STAGES
    states = [
        state
        for state, _words in stages
        if not (run.mode == Mode.TEST and state == RunState.APPLYING)
    ]
    here = states.index(RunState(run.state)) if run.state in states else len(states)
    names = ["done" if i < here else "current" if i == here else "next" for i in range(len(states))]
    return [
        Stage(str(dict(stages)[state]), name) for state, name in zip(states, names, strict=True)
    ]


def stage_words(run: Run) -> str:
    """Where a run is, in a few words."""
    state = RunState(run.state)
    return str((STAGE_WORDS | dict(UNDO_STAGES) if run.is_undo else STAGE_WORDS)[state])


def writes_of(run: Run) -> str:
    """What confirming an upload writes, in a few words; "" where that is nothing."""
    parts = [
        (run.counts.get("new", 0), ngettext_lazy("%(number)s new", "%(number)s new", "count")),
        (
            sum(run.counts.get(kind, 0) for kind in UPDATED_KINDS),
            ngettext_lazy("%(number)s updated", "%(number)s updated", "count"),
        ),
    ]
    shown = [
        str(
            words
            % {"count": count, "number": number_format(count, use_l10n=True, force_grouping=True)}
        )
        for count, words in parts
        if count
    ]
    return ", ".join(shown)


class Tile(NamedTuple):
    label: str
    value: int
    hint: str


# What a run counts: (key of `Run.counts`, what it means, shown even when it is zero). The words are those of the report.
TILES: Final = (
    ("new", gettext_lazy("accounts of their own"), True),
    ("linked", gettext_lazy("existing accounts, same e-mail and name"), False),
    ("updated", gettext_lazy("with values that differ"), True),
    ("email_changed", gettext_lazy("among them: another sign-in e-mail"), False),
    ("returning", gettext_lazy("back to their old account"), False),
    ("unchanged", gettext_lazy("already in step"), True),
    ("outside_selection", gettext_lazy("left as they are"), True),
    ("not_in_roster", gettext_lazy("listed, left as they are"), True),
    ("left", gettext_lazy("missing long enough: closed"), False),
    ("graduated", gettext_lazy("class is over: closed"), False),
    ("protected", gettext_lazy("kept by hand, left as they are"), False),
    ("never_imported", gettext_lazy("on your list, no account made"), False),
    ("overtaken", gettext_lazy("edited meanwhile, left as they are"), False),
    ("error", gettext_lazy("records left out"), True),
    ("warning", gettext_lazy("single values dropped"), False),
)
TILE_WORDS: Final = (
    KIND_LABELS
    | SEVERITY_PLURALS
    | {"overtaken": gettext_noop("Overtaken"), "email_changed": EMAIL_CHANGED}
)


def tiles_of(run: Run) -> list[Tile]:
    """What came of a run, in numbers. A file has no grades that aren't pulled in, and nobody is missing from it."""
    shown = [
        each
        for each in TILES
        if not (
            (run.is_upload or run.is_undo) and each[0] in {"outside_selection", "not_in_roster"}
        )
    ]
    return [
        Tile(_(TILE_WORDS[key]), run.counts.get(key, 0), str(hint))
        for key, hint, always in shown
        if (always and not run.is_undo) or run.counts.get(key)
    ]
