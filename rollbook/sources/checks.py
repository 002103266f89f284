"""Parts that the connection tests of all sources share."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.roster.values.grades import grade
from rollbook.sources.base import Page, Token
from rollbook.sources.bounds import Bounds
from rollbook.sources.discovery import (
    CheckStep,
    GradeInSis,
    Slip,
    Step,
    StepState,
    failed,
)
from rollbook.sources.errors import (
    AuthRejected,
    InMaintenance,
    RouteUnknown,
    SourceError,
    UnexpectedShape,
)

MOST_SECONDS: Final = 120  # of a connection test, for which somebody waits
MOST_TRIES: Final = 2
NOT_NEEDED: Final = frozenset({Step.SINGLE, Step.SCHOOLS, Step.PLUGIN_QUERY})


class NoCache:
    """Keeps no token: each conversation signs in."""

    def get(self) -> Token | None:
        return None

    def put(self, token: Token | None) -> None: ...


def quick(bounds: Bounds) -> Bounds:
    """Return the bounds of a conversation for which somebody waits at a screen."""
    return replace(
        bounds,
        tries=min(bounds.tries, MOST_TRIES),
        run_seconds=min(bounds.run_seconds, MOST_SECONDS),
    )


class Checks:
    """Runs the steps of a connection test. `slip` names a slip that only the source can tell."""

    def __init__(self, slip: Callable[[Step, SourceError], Slip]) -> None:
        self._slip = slip

    def run(self, *steps: tuple[Step, Callable[[], CheckStep]]) -> Iterator[CheckStep]:
        """Yield each step once it has ended. Skip all after a needed one that failed."""
        broken = False
        for key, check in steps:
            needed = key not in NOT_NEEDED
            if broken:
                yield CheckStep(key, StepState.SKIPPED, needed=needed)
                continue
            try:
                step = check()
            except SourceError as error:
                slip = self._slip(key, error) or usual_slip(key, error)
                step = failed(key, error, slip, needed=needed)
            broken = needed and step.state is StepState.FAILED
            yield step


def usual_slip(step: Step, error: SourceError) -> Slip:
    """Return the slip that the class of an error shows by itself."""
    match error:
        case InMaintenance():
            return Slip.MAINTENANCE
        case RouteUnknown():
            return Slip.ROUTE_UNKNOWN
        case UnexpectedShape() if step is Step.ADDRESS:
            return Slip.OTHER_SIS
        case AuthRejected() if step is not Step.SIGN_IN:
            return Slip.TOKEN_REFUSED
    return Slip.NONE


def students_found(name: str, number: int) -> CheckStep:
    """Return the last step: how many students there are. None at all is a failure."""
    if number:
        detail = Phrase(_("{number} students found."), number=f"{number:,}")
        return CheckStep(Step.STUDENTS, StepState.PASSED, detail, number=number)
    return CheckStep(
        Step.STUDENTS,
        StepState.FAILED,
        Phrase(_("{name} shows us no active student."), name=name),
        Phrase(_("Ask whoever looks after {name} which students our access covers."), name=name),
        number=0,
    )


def grades_of(
    pages: Iterable[Page],
    fields: tuple[str, str, str],
    schools: frozenset[str],
    order: Mapping[str, int] | None = None,
) -> list[GradeInSis]:
    """Return the grades of a roster with their students, each student counted once.

    `fields` are the keys of the ID, the grade and the school in a record. `order` has the place of
    a grade in the SIS's own list; without one, grades that we understand come in their order.
    """
    id_field, grade_field, school_field = fields
    counts: dict[str, Counter[str]] = {}
    seen: set[Any] = set()
    for page in pages:
        for record in page.records:
            school = as_text(record.get(school_field))
            if record.get(id_field) in seen or (schools and school not in schools):
                continue
            seen.add(record.get(id_field))
            name = as_text(record.get(grade_field))
            counts.setdefault(name, Counter())[school] += 1

    def place(name: str) -> tuple[int, int, str]:
        level = grade(name)
        return (order or {}).get(name, 10_000), 10_000 if level is None else level, name

    return [
        GradeInSis(name, counts[name].total(), dict(counts[name]))
        for name in sorted(counts, key=place)
    ]


def as_text(value: object) -> str:
    """Return a name of the SIS as it is shown and compared; "" for none."""
    return "" if value is None else " ".join(str(value).split())
