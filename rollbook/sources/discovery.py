"""What the set-up asks a SIS before a run: steps of a test, schools, grades and a few students.

The shapes are here; each source answers them in its own way (see `base.Source`). `survey` looks
where the school keeps the e-mail, the graduation year and the SIS ID.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from rollbook.sources.errors import SourceError

SAMPLE_STUDENTS: Final = 100
SAMPLES_SHOWN: Final = 3
MADE_IS_WORTH: Final = 0.6
CLEARLY_BETTER: Final = 0.05  # of the students; a few gaps are gaps in the SIS
USER_NAME_AT: Final = "@"  # a home whose name ends with it takes the domain that a person types
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_DOMAIN: Final = re.compile(r"(?=.{4,60}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_YEAR: Final = re.compile(r"(19|20)\d\d(\.0)?")


class StepState(StrEnum):
    """How a step of a connection test ended. Steps after a failed one are skipped."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Step(StrEnum):
    """The steps of a connection test, in their order. A source leaves out what it doesn't have.

    A step other than the first three and STUDENTS may fail without making the connection useless:
    `CheckStep.needed` says which.
    """

    ADDRESS = "address"  # something answers at the address
    SIGN_IN = "sign_in"  # the credentials are accepted
    LIST = "list"  # the students may be read
    SINGLE = "single"  # one student may be asked for
    SCHOOLS = "schools"  # the schools of the district may be read
    PLUGIN_QUERY = "plugin_query"  # the query of our PowerSchool plugin answers
    STUDENTS = "students"  # how many students there are


class Slip(StrEnum):
    """The probable slip behind a failed step, where the source itself can tell it."""

    NONE = ""
    SWAPPED = "swapped"  # the sign-in works with ID and secret the other way round
    OTHER_SIS = "other_sis"  # something answers that isn't this SIS
    ROUTE_UNKNOWN = "route_unknown"
    V1_ACCESS_MISSING = "v1_access_missing"
    SCOPE_MISSING = "scope_missing"
    TOKEN_REFUSED = "token_refused"
    MAINTENANCE = "maintenance"


class CheckStep(NamedTuple):
    """One step of a connection test, yielded as soon as it has ended.

    `detail` says what was found or what happened and `remedy` what a person does next; both are
    marked texts or phrases. `error` is the `code` of the `SourceError` behind a failure. `number`
    is the number of students, at the step STUDENTS. Where `needed` is False, the connection is
    good without the step.
    """

    key: Step
    state: StepState
    detail: str = ""
    remedy: str = ""
    slip: Slip = Slip.NONE
    error: str = ""
    number: int | None = None
    needed: bool = True


def failed(
    key: Step, error: SourceError, slip: Slip = Slip.NONE, *, needed: bool = True
) -> CheckStep:
    """Return the step that ended with this error."""
    state = StepState.FAILED
    return CheckStep(key, state, error.what, error.remedy, slip, error.code, needed=needed)


class SchoolInSis(NamedTuple):
    """One school of the district.

    `key` is what a record has in the source's `school_field`, as text. `students` is None where the
    SIS can't count them.
    """

    key: str
    name: str
    students: int | None


class GradeInSis(NamedTuple):
    """One grade by the SIS's own name, as a record has it in the source's `grade_field`.

    `by_school` has the number of students by the key of a school; "" is no school.
    """

    name: str
    students: int
    by_school: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Home:
    """A place in the SIS where the value of a mapping row may be kept.

    `source_field` goes into the mapping. Where it ends with `USER_NAME_AT`, a person types the
    domain, which is put behind it. A home that `needs_plugin` can be read by the query of our
    PowerSchool plugin only. One that is `made` isn't stored in the SIS but made from another value.
    """

    source_field: str
    label: str
    where: str = ""
    needs_plugin: bool = False
    made: bool = False

    @property
    def takes_domain(self) -> bool:
        return self.source_field.endswith(USER_NAME_AT)

    def names(self, source_field: str) -> bool:
        """Return whether a mapping's source field is this home, with a domain if it takes one."""
        if not self.takes_domain:
            return source_field == self.source_field
        domain = source_field.removeprefix(self.source_field)
        return domain != source_field and _DOMAIN.fullmatch(domain) is not None


class Sample(NamedTuple):
    """Some students, spread over the list, and the homes that their fields may have.

    `records` are flat, keyed by source fields, with every field that a home or a mapping row names.
    `homes` are by our field: `email`, `graduation_year`, `sis_id`.
    """

    records: list[dict[str, Any]]
    homes: Mapping[str, tuple[Home, ...]]


class HomeFill(NamedTuple):
    """How many of the sampled students have a value in a home.

    `usable` counts the values that could go in as they are: addresses, years, IDs that nobody else
    has. `samples` are masked.
    """

    home: Home
    students: int
    filled: int
    usable: int
    samples: tuple[str, ...]


@dataclass(slots=True)
class _Values:
    texts: list[str] = field(default_factory=list)
    students: int = 0


def survey(sample: Sample) -> dict[str, list[HomeFill]]:
    """Return by our field how each home is filled, the best home first."""
    return {
        our_field: sorted(
            (_fill(our_field, home, sample.records) for home in homes), key=_worth, reverse=True
        )
        for our_field, homes in sample.homes.items()
    }


def best_home(fills: Sequence[HomeFill], usual: str) -> Home | None:
    """Return the home that clearly more students have a value in than in the usual one.

    None where the usual one, named by its source field, is as good.
    """
    worths = {fill.home.source_field: _worth(fill) for fill in fills}
    best = max(fills, key=_worth, default=None)
    if best is None:
        return None
    needed = worths.get(usual, 0) + CLEARLY_BETTER * best.students
    return best.home if _worth(best) > needed else None


def _worth(fill: HomeFill) -> float:
    """Return how good a home is. One that is made has a value for everybody, right or wrong."""
    is_made = fill.home.made or fill.home.takes_domain
    return fill.usable * (MADE_IS_WORTH if is_made else 1)


def _fill(our_field: str, home: Home, records: Iterable[Mapping[str, Any]]) -> HomeFill:
    values = _Values()
    for record in records:
        values.students += 1
        text = _text(record.get(home.source_field.rstrip(USER_NAME_AT)))
        if text and not (our_field == "graduation_year" and text == "0"):
            values.texts.append(text)
    usable = _usable(our_field, home, values.texts)
    samples = tuple(_masked(our_field, text) for text in values.texts[:SAMPLES_SHOWN])
    return HomeFill(home, values.students, len(values.texts), usable, samples)


def _usable(our_field: str, home: Home, texts: list[str]) -> int:
    if our_field == "graduation_year":
        return sum(map(holds_year, texts))
    if our_field == "sis_id":
        return len(set(texts))
    if home.takes_domain:
        return sum("@" not in text and " " not in text for text in texts)
    return sum(map(holds_email, texts))


def _masked(our_field: str, text: str) -> str:
    """Return a value that shows its form and not whose it is: a•••@school.example."""
    if our_field == "graduation_year":
        return text[:4]
    name, at, domain = text.partition("@")
    return f"{name[:1]}•••{at}{domain}" if at else f"{text[:1]}•••"


def holds_email(value: Any) -> bool:
    """Return whether a value looks like an e-mail address."""
    return _EMAIL.fullmatch(_text(value)) is not None


def holds_year(value: Any) -> bool:
    """Return whether a value looks like a year of our time."""
    return _YEAR.fullmatch(_text(value)) is not None


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
