"""Screens of runs: history, report, decisions, undo, problems."""
