"""The words for where a run is: its state, its stages, who started it, what became of its rows."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from rollbook.sync.models import Change, Mode, Run, RunState, Trigger
from rollbook.sync.words.kinds import LISTED_KINDS
from rollbook.sync.words.text import word

# What a run passes through while it works, in this order.
STAGES: Final[dict[RunState, Promise]] = {
    RunState.QUEUED: gettext_lazy("Waiting to start"),
    RunState.FETCHING: gettext_lazy("Reading students"),
    RunState.PLANNED: gettext_lazy("Comparing"),
    RunState.APPLYING: gettext_lazy("Applying changes"),
}
# An undo reads no students: it is planned from the rows of the run that it takes back.
UNDO_STAGES: Final[dict[RunState, Promise]] = {
    RunState.QUEUED: gettext_lazy("Waiting to start"),
    RunState.FETCHING: gettext_lazy("Planning what to restore"),
    RunState.PREVIEW: gettext_lazy("Preview: waiting to be confirmed"),
    RunState.PLANNED: gettext_lazy("Confirmed"),
    RunState.APPLYING: gettext_lazy("Restoring values"),
}
# What a run rests or ends in.
RESTS: Final[dict[RunState, Promise]] = {
    RunState.PREVIEW: gettext_lazy("Preview: waiting to be confirmed"),
    RunState.ON_HOLD: gettext_lazy("On hold: waiting for a decision"),
    RunState.DONE: gettext_lazy("Finished"),
    RunState.FAILED: gettext_lazy("Failed"),
    RunState.DISCARDED: gettext_lazy("Discarded"),
    RunState.CANCELLED: gettext_lazy("Cancelled"),
    RunState.UNDONE: gettext_lazy("Undone"),
}

# What became of a row that a run was to write.
OUTCOMES: Final[dict[str, str]] = {
    RunState.QUEUED: _("Not applied yet"),
    RunState.FETCHING: _("Not applied yet"),
    RunState.PREVIEW: _("Not applied yet: waiting to be confirmed"),
    RunState.PLANNED: _("Not applied yet"),
    RunState.ON_HOLD: _("Waiting for a decision"),
    RunState.APPLYING: _("Not applied yet"),
    RunState.DONE: _("Applied"),
    RunState.FAILED: _("Not applied: the run failed"),
    RunState.DISCARDED: _("Not applied: the run was discarded"),
    RunState.CANCELLED: _("Not applied: the run was cancelled"),
    RunState.UNDONE: _("Applied; not undone, see the report of the undo"),
}
LISTED: Final = _("Listed only, nothing changed")
NOT_APPLIED_IN_TEST: Final = _("Not applied: test run")
# By `Change.outcome`, where a row was not simply applied.
ROW_OUTCOMES: Final[dict[str, str]] = {
    "undone": _("Undone"),
    "overtaken": _("Not applied: the account was changed meanwhile"),
    "left_out": _("Not applied: left out when the run was approved"),
}

NOTHING_CHANGED_IN_TEST: Final = _("This was a test run: no account was changed.")
# What a run that is not finished changed.
UNFINISHED: Final[dict[str, str]] = {
    **dict.fromkeys(
        (RunState.QUEUED, RunState.FETCHING, RunState.PLANNED, RunState.APPLYING),
        _("This run is not finished: no account has been changed yet."),
    ),
    RunState.PREVIEW: _("This is a preview: no account is changed before it is confirmed."),
    RunState.ON_HOLD: _("This run is on hold: no account has been changed yet."),
    RunState.FAILED: _("This run failed: no account was changed."),
    RunState.DISCARDED: _("This run was discarded: no account was changed."),
    RunState.CANCELLED: _("This run was cancelled: no account was changed."),
    RunState.UNDONE: _("This run was undone: its changes were reversed."),
}


def state_words(run: Run) -> str:
    """Return the label of a run's state; a finished run with errors says so."""
    if run.state == RunState.DONE and run.typed_counts.error:
        return gettext("Finished, with errors")
    return str(RunState(run.state).label)


def stages_of(run: Run) -> dict[RunState, Promise]:
    """Return the stages that a working run passes; a test run applies nothing."""
    stages = UNDO_STAGES if run.is_undo else STAGES
    if run.mode != Mode.TEST:
        return stages
    return {state: words for state, words in stages.items() if state != RunState.APPLYING}


def stage_words(run: Run) -> str:
    """Return where a run is, in a few words."""
    stages = UNDO_STAGES if run.is_undo else STAGES
    return str((RESTS | stages)[RunState(run.state)])


def started_by(run: Run) -> str:
    """Return the person who started a run, or "Schedule", "API" or "Command line"."""
    if run.trigger in {Trigger.PERSON, Trigger.UPLOAD}:
        return run.requested_by.name if run.requested_by else gettext("Command line")
    return str(Trigger(run.trigger).label)


def outcome_words(run: Run, change: Change) -> str:
    """Return what became of a planned row: "Applied", "Not applied: test run", …"""
    ended = run.state in {RunState.DONE, RunState.UNDONE}
    if change.kind in LISTED_KINDS:
        return gettext(LISTED)
    if run.mode == Mode.TEST:
        return gettext(NOT_APPLIED_IN_TEST)
    if change.outcome in ROW_OUTCOMES and (change.outcome != "overtaken" or ended):
        return gettext(ROW_OUTCOMES[change.outcome])
    return word(OUTCOMES, run.state)
