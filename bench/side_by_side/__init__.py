"""Rollbook beside other ways of doing the same job, in turns on one machine: `make bench`.

The job: fetch N students from a paged API, compare them with what is in PostgreSQL, write what
differs. docs/performance.md says what is measured, and how to read it.
"""
