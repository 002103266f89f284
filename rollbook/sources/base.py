"""What a source is: it describes itself and yields the pages of a roster.

Screens, commands and the pipeline know a source only through this module; none of them names a
vendor. All texts for people are marked for translation (see `roster.translation`).
"""

import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from rollbook.roster.records import Proof, SisAnswer
from rollbook.sources.bounds import Bounds
from rollbook.sources.discovery import CheckStep, GradeInSis, Home, Sample, SchoolInSis, Step
from rollbook.sources.interruption import Interruption

# A field of an extension or custom table, such as u_students_extension.student_email.
EXTENSION_FIELD: Final = re.compile(r"[a-z]\w{0,39}\.[a-z]\w{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One box of the credential form.

    `kind` is `text`, `url` or `secret`. Secrets are never shown again. A `url` decides where
    secrets are sent, so changing it clears them.
    """

    key: str
    label: str
    kind: str
    help: str = ""
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row of the mapping: `source_field` of the SIS fills our `field`.

    `source_field` is the SIS's own name, `field` a key of `roster.fields.STUDENT_FIELDS`. `label`
    is how the screen names the SIS field. A required row can't be removed from the mapping. `where`
    says where a registrar finds the field in the SIS: "Students > Demographics > Gender".

    Where schools keep the value in different places, `homes` are the others that are known; a
    person chooses one, and its source field then stands in the mapping instead. `takes_any` is True
    where any extension field of the SIS, `table.column`, may be chosen as well.
    """

    source_field: str
    field: str
    required: bool
    label: str = ""
    where: str = ""
    homes: tuple[Home, ...] = ()
    takes_any: bool = False

    def filled_from(self, source_field: str) -> "MappingRow | None":
        """Return this row as it is filled from `source_field`; None where it can't be."""
        if source_field == self.source_field:
            return self
        for home in self.homes:
            if home.names(source_field):
                return replace(self, source_field=source_field, label=home.label, where=home.where)
        if self.takes_any and EXTENSION_FIELD.fullmatch(source_field):
            return replace(self, source_field=source_field, label=source_field, where=source_field)
        return None


class AbsentRow(NamedTuple):
    """A row that another variant of the source has and this one can't fill, and why."""

    field: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A further setting of a source, shown as a select: which e-mail PowerSchool is asked for."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...]  # (value, label); the first is the default
    help: str = ""


class HowToStep(NamedTuple):
    """One step in the SIS by which a school gets its credentials.

    `picture` is the name of a drawing in the static folder `how-to`, "" for a step without one.
    """

    title: str
    text: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to speak to a SIS.

    Veracross has two API versions; most SISs have one, with key "".
    """

    key: str
    label: str
    credentials: tuple[CredentialField, ...]
    mapping: tuple[MappingRow, ...]
    choices: tuple[Choice, ...] = ()
    hint: str = ""
    steps: tuple[Step, ...] = ()  # of its connection test
    grades_note: str = ""  # what a person has to know about its grades
    absent: tuple[AbsentRow, ...] = ()  # rows of another variant that this one can't fill
    how_to: tuple[HowToStep, ...] = ()  # how to get the credentials

    def row(self, source_field: str, field: str) -> MappingRow | None:
        """Return the mapping row that fills our field from this source field; None for none.

        The source field may be that of another home than the row's usual one.
        """
        rows = (row.filled_from(source_field) for row in self.mapping if row.field == field)
        return next((row for row in rows if row is not None), None)


class Token(NamedTuple):
    """A bearer token, and the UTC time after which it must not be used."""

    value: str
    expires_at: datetime


class TokenCache(Protocol):
    """Keeps a token between runs. The sync layer stores it encrypted, beside the credentials."""

    def get(self) -> Token | None: ...
    def put(self, token: Token | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything a source needs for one conversation.

    `credentials` maps the keys of the credential fields to their plain values. Another thread may
    end the conversation by `interruption`. `id_field` is the source field that is mapped to the SIS
    ID, "" for the source's usual one. `missing` returns the SIS IDs of the open accounts that no
    page has had so far; None where nobody asks who is missing. `today` is the day at the school: an
    exit date after it has not come yet. `grade_meanings` are the levels that a person chose for
    names of grades, see `roster.values.grades.level_of`.
    """

    credentials: Mapping[str, str] = field(repr=False)
    choices: Mapping[str, str]
    variant: str
    tokens: TokenCache
    bounds: Bounds
    interruption: Interruption = field(default_factory=Interruption)
    id_field: str = ""
    missing: Callable[[], Collection[str]] | None = None
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    grade_meanings: Mapping[str, int | None] = field(default_factory=dict)


class Page(NamedTuple):
    """One page of the roster.

    `records` are flat dicts, keyed by the SIS's field names: only the fields asked for, plus the
    grade field; `SentRecords` makes each dict when it is looked into. Values are text, numbers or
    None. A key that the SIS did not send is absent from the dict: absent isn't empty. `number`
    counts from 1; it is 0 for what isn't a page of the SIS's list: students who were asked for one
    by one. `pages` and `total` are what the SIS stated, None where it doesn't state them.

    `answers` are about missing students who aren't there any more. `listed_twice` are SIS IDs that
    the SIS has twice in its list. After a `checkpoint`, which has no records, the source asks who
    is missing: all pages before it must have been worked through by then.
    """

    records: Sequence[dict[str, Any]]
    number: int
    pages: int | None
    total: int | None
    answers: tuple[SisAnswer, ...] = ()
    listed_twice: tuple[str, ...] = ()
    checkpoint: bool = False


# Yields the pages, returns the proof that no page is missing.
Pages: TypeAlias = Generator[Page, None, Proof]


@dataclass(frozen=True, slots=True)
class Source:
    """A SIS as the rest of Rollbook sees it.

    `pages(connection, fields)` yields every page of the active students, in any order, and returns
    the proof that they are complete. It raises a `SourceError`; after the last page it raises
    `RosterIncomplete` when the SIS stated more students than it gave, or when nothing proves that
    the missing students have left. `fields` are the source fields of the mapping; `grade_field`,
    the key of the grade level in a record, is always included. `school_field` is the key of the
    school; it is in a record where `fields` has it.

    The rest is for the set-up, each a short conversation of its own. `check_connection` yields the
    steps of `Variant.steps` in their order, each as soon as it has ended; it raises nothing, and
    after a failed step that is needed it skips the others. The token of its sign-in is put into
    `connection.tokens`. The other three raise a `SourceError`.

    `list_schools` returns the schools of the district in the SIS's order; one or none where there
    is nothing to choose. `count_grades` returns the grades of these schools (of all, where none is
    named) by the SIS's own names in its order. `sample_students` returns about 100 current
    students of these schools.

    `plugin` returns the zip of our plugin for the SIS, which reads these source fields, or the
    usual ones where there are none; the time becomes its version. None for a SIS without plugins.
    """

    slug: str
    label: str
    variants: tuple[Variant, ...]
    grade_field: str
    pages: Callable[[Connection, frozenset[str]], Pages]
    school_field: str
    check_connection: Callable[[Connection], Iterator[CheckStep]]
    list_schools: Callable[[Connection], list[SchoolInSis]]
    count_grades: Callable[[Connection, frozenset[str]], list[GradeInSis]]
    sample_students: Callable[[Connection, frozenset[str]], Sample]
    plugin: Callable[[frozenset[str], datetime], bytes] | None = None

    def variant(self, key: str) -> Variant:
        """Return the variant with this key; the first one for an unknown key."""
        return next((variant for variant in self.variants if variant.key == key), self.variants[0])

    @property
    def has_plugin(self) -> bool:
        return self.plugin is not None

    @property
    def uploader_type(self) -> str:
        """The name of live runs of this source in the history; test runs put "Test " before it."""
        return f"{self.label} Student"
