"""Tables of the students: the account and what people did to it, and how a student gets in."""

from rollbook.students.models.account import AccountEvent, AccountStatus, EventAction, StudentAccount
from rollbook.students.models.registration import Invitation, StudentLogin

__all__ = ["AccountEvent", "AccountStatus", "EventAction", "Invitation", "StudentAccount", "StudentLogin"]
