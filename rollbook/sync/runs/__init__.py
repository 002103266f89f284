"""The life of a run: its states, requests, decisions and lease."""
