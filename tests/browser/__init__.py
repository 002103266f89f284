"""Tests with a real browser against real processes: web, worker, a stand-in SIS."""
