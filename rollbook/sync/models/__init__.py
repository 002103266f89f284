"""Tables of the sync, one module for each part: columns and constraints, little else."""

from rollbook.sync.models.connection_test import CheckState, ConnectionDraft, ConnectionTest
from rollbook.sync.models.integration import Credential, Integration, Schedule
from rollbook.sync.models.limits import LimitWidening, SchoolLimits
from rollbook.sync.models.link import LinkDecision, LinkProposal
from rollbook.sync.models.notice import ERROR_EVENTS, Notice, NoticeChoice, NoticeEvent
from rollbook.sync.models.outside import OutsideList
from rollbook.sync.models.problem import Problem
from rollbook.sync.models.report_file import ReportFile, ReportState
from rollbook.sync.models.run import (
    ACTIVE_STATES,
    CANCELLABLE_STATES,
    LEFT_OUT,
    OCCUPYING,
    PREVIEWING,
    UNDO_PREVIEW,
    WORKING_STATES,
    CancelReason,
    Change,
    Issue,
    Mode,
    Run,
    RunState,
    Trigger,
)
from rollbook.sync.models.run_counts import RosterCounts, RunCounts, UndoCounts
from rollbook.sync.models.run_settings import (
    FieldRule,
    RosterSettings,
    UndoSettings,
    UploadSettings,
)
from rollbook.sync.models.settled import MissingAccount, Settlement
from rollbook.sync.models.upload import ColumnMemory, Upload, UploadState

__all__ = [
    "ACTIVE_STATES",
    "CANCELLABLE_STATES",
    "ERROR_EVENTS",
    "LEFT_OUT",
    "OCCUPYING",
    "PREVIEWING",
    "UNDO_PREVIEW",
    "WORKING_STATES",
    "CancelReason",
    "Change",
    "CheckState",
    "ColumnMemory",
    "ConnectionDraft",
    "ConnectionTest",
    "Credential",
    "FieldRule",
    "Integration",
    "Issue",
    "LimitWidening",
    "LinkDecision",
    "LinkProposal",
    "MissingAccount",
    "Mode",
    "Notice",
    "NoticeChoice",
    "NoticeEvent",
    "OutsideList",
    "Problem",
    "ReportFile",
    "ReportState",
    "RosterCounts",
    "RosterSettings",
    "Run",
    "RunCounts",
    "RunState",
    "Schedule",
    "SchoolLimits",
    "Settlement",
    "Trigger",
    "UndoCounts",
    "UndoSettings",
    "Upload",
    "UploadSettings",
    "UploadState",
]
