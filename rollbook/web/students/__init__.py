"""Screens of students: the list, one student, edits, merges."""
