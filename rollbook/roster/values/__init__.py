"""Single values: read, checked and compared."""
