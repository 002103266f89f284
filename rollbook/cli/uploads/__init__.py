"""The commands `rollbook upload` and `rollbook template`."""
