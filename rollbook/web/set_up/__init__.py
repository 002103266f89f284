"""Screens to connect a SIS and to choose how it syncs."""
