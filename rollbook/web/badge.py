"""A badge: a state as words with an icon."""

from typing import NamedTuple


class Badge(NamedTuple):
    """The words, the name of an icon, and the kind: info, good, look, problem or ""."""

    words: str
    icon: str
    kind: str
