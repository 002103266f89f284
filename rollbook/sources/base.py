"""What a source is: one file that describes itself and yields the pages of a roster (stop 1 of the way of a record).

Screens, commands and the pipeline know a source only through this module; none of them names a vendor.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeAlias

from rollbook.roster.records import Proof
from rollbook.sources.http import Bounds


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One box of the credential form. `kind` is `text`, `url` or `secret`; secrets are write-only everywhere."""

    key: str
    label: str
    kind: str
    help: str = ""
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class MappingRow:
    """`source_field` (the SIS's own name) fills `field` (ours, a key of `roster.fields.STUDENT_FIELDS`).

    `label` is what the screen shows for the SIS field. A required row can't be removed from the mapping.
    """

    source_field: str
    field: str
    required: bool
    label: str = ""
    where: str = ""  # where a registrar finds it in the SIS, for remedies: "Students > Demographics > Sched. year of graduation"


@dataclass(frozen=True, slots=True)
class Choice:
    """A further setting of a source, shown as a select: e.g. which e-mail PowerSchool is asked for."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...]  # (value, label); the first is the default
    help: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to speak to a SIS (Veracross has two API versions; most have one, with key "")."""

    key: str
    label: str
    credentials: tuple[CredentialField, ...]
    mapping: tuple[MappingRow, ...]
    choices: tuple[Choice, ...] = ()
    hint: str = ""


class Token(NamedTuple):
    """A bearer token and the UTC instant after which it must not be used."""

    value: str
    expires_at: datetime


class TokenCache(Protocol):
    """Where tokens rest between runs; the sync layer keeps them encrypted beside the credentials."""

    def get(self) -> Token | None: ...
    def put(self, token: Token | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything a source needs for one conversation. `credentials` maps credential keys to their plain values."""

    credentials: Mapping[str, str] = field(repr=False)
    choices: Mapping[str, str]
    variant: str
    tokens: TokenCache
    bounds: Bounds


Pages: TypeAlias = Generator[
    "Page", None, Proof
]  # yields the pages, returns what proves that they are all


class Page(NamedTuple):
    """One page of the roster.

    `records` are flat dicts keyed by the SIS's field names (only those asked for, plus the grade field); values are text, numbers or
    None. A key that the SIS did not send is absent from the dict: absent isn't empty.
    `number` counts from 1. `pages` and `total` are what the SIS stated, None where it doesn't state them.
    """

    records: list[dict[str, Any]]
    number: int
    pages: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A SIS as the rest of Rollbook sees it.

    `pages(connection, wanted)` yields every page of the active students and returns the proof that they are all, or raises a
    `SourceError`; it raises `RosterIncomplete` after the last page when the SIS stated more students than it gave. `wanted` are the
    source fields of the mapping; `grade_field` is always included. Pages may come in any order.
    `grade_field` names the key of the raw record that holds the grade level, for the selection.
    """

    slug: str
    label: str
    variants: tuple[Variant, ...]
    grade_field: str
    pages: Callable[[Connection, frozenset[str]], Pages]

    def variant(self, key: str) -> Variant:
        """The variant with this key; the first one for an unknown key."""
        return next((v for v in self.variants if v.key == key), self.variants[0])

    @property
    def uploader_type(self) -> str:
        """How live runs of this source are named in the history; test runs put "Test " in front."""
        return f"{self.label} Student"
