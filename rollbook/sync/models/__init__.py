"""Tables of the sync, one module for each part: columns and constraints, little else."""

from rollbook.sync.models.integration import Credential, Integration, Schedule
from rollbook.sync.models.notice import ERROR_EVENTS, Notice, NoticeChoice, NoticeEvent, NoticeState
from rollbook.sync.models.report_file import ReportFile, ReportState
from rollbook.sync.models.run import ACTIVE_STATES, WORKING_STATES, Change, Issue, Mode, Run, RunState, Trigger

__all__ = [
    "ACTIVE_STATES",
    "ERROR_EVENTS",
    "WORKING_STATES",
    "Change",
    "Credential",
    "Integration",
    "Issue",
    "Mode",
    "Notice",
    "NoticeChoice",
    "NoticeEvent",
    "NoticeState",
    "ReportFile",
    "ReportState",
    "Run",
    "RunState",
    "Schedule",
    "Trigger",
]
