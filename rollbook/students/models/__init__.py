"""Tables of students: accounts and their history, rules for single students, registration."""

from rollbook.students.models.account import (
    AccountEvent,
    AccountStatus,
    EventAction,
    StudentAccount,
)
from rollbook.students.models.erasure import Erasure, Tombstone
from rollbook.students.models.further_link import FurtherLink
from rollbook.students.models.lookalike import Lookalike
from rollbook.students.models.registration import Invitation, StudentLogin
from rollbook.students.models.rules import Absence, EmailAlias, FieldLock, NeverImport, Protection

__all__ = [
    "Absence",
    "AccountEvent",
    "AccountStatus",
    "EmailAlias",
    "Erasure",
    "EventAction",
    "FieldLock",
    "FurtherLink",
    "Invitation",
    "Lookalike",
    "NeverImport",
    "Protection",
    "StudentAccount",
    "StudentLogin",
    "Tombstone",
]
