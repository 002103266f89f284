"""Tests of the student accounts, with a database."""
