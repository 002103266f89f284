"""The value of a field that one record has twice, with different values."""

from typing import Any


class Doubled:
    """Two or more values of one field of one record: nobody knows which one is right."""

    __slots__ = ("values",)

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Doubled({self.values!r})"

    def __str__(self) -> str:
        return " / ".join(str(value)[:60] for value in self.values[:5])
