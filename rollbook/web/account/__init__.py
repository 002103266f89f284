"""Signing in, the first pages after it, and a student's own page."""
