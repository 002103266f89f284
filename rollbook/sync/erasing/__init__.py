"""Erasing one student: rows, files and mails go, and digests keep the student from coming back."""

from rollbook.sync.erasing.erase import check_typed, erase
from rollbook.sync.erasing.leavers import due, purge, save_rule, sweep_leavers
from rollbook.sync.erasing.rechecks import drop_erased, forget_file, recheck, sweep

__all__ = [
    "check_typed",
    "drop_erased",
    "due",
    "erase",
    "forget_file",
    "purge",
    "recheck",
    "save_rule",
    "sweep",
    "sweep_leavers",
]
