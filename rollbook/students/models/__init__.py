"""Tables of the students: the account and what people did to it, rules for single students, and how a student gets in."""

from rollbook.students.models.account import (
    AccountEvent,
    AccountStatus,
    EventAction,
    StudentAccount,
)
from rollbook.students.models.registration import Invitation, StudentLogin
from rollbook.students.models.rules import Absence, EmailAlias, FieldLock, NeverImport, Protection

__all__ = [
    "Absence",
    "AccountEvent",
    "AccountStatus",
    "EmailAlias",
    "EventAction",
    "FieldLock",
    "Invitation",
    "NeverImport",
    "Protection",
    "StudentAccount",
    "StudentLogin",
]
