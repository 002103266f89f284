"""Commands that connect a school to its SIS, and set how it is synced."""
