"""Refused: what a person asked for about a student cannot be done."""

from collections.abc import Mapping


class Refused(Exception):
    """Nothing was changed. `errors` gives the reasons by field; "" is for the whole form."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors
