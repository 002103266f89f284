"""Which whole classes a run moves: from one grade to the next, or to another graduation year."""

from typing import Final, NamedTuple

from django.db.models import Count
from django.db.models.fields.json import KT

from rollbook.roster.values.grades import level_of
from rollbook.sync.models import Change, Run
from rollbook.sync.words.class_moves import move_words
from rollbook.sync.words.kinds import UPDATED_KINDS

FIELDS: Final = ("grade_level", "graduation_year")
FEWEST: Final = 2  # students who move together
MOST: Final = 40  # lines


class ClassMove(NamedTuple):
    """So many `students` whose `field` changes from one value to another; "" is empty.

    `renamed` is True where both are names of one grade: then nobody moves up.
    """

    field: str
    before: str
    after: str
    students: int
    renamed: bool

    @property
    def sentence(self) -> str:
        return move_words(self.field, self.before, self.after, self.students, renamed=self.renamed)


def class_moves(run: Run) -> list[ClassMove]:
    """Return the moves of a run's students, by the value before and after, grades first.

    A student who changes alone is in none of them.
    """
    moves = []
    for field in FIELDS:
        changes = Change.objects.filter(
            school_id=run.school_id,
            run_id=run.pk,
            kind__in=UPDATED_KINDS,
            after__has_key=field,
        )
        changes = changes.annotate(was=KT(f"before__{field}"), becomes=KT(f"after__{field}"))
        counted = changes.order_by().values_list("was", "becomes").annotate(number=Count("pk"))
        moves += [
            _move(run, field, was or "", becomes or "", number)
            for was, becomes, number in counted.filter(number__gte=FEWEST)
        ]
    moves.sort(key=lambda move: _place(run, move))
    return moves[:MOST]


def _move(run: Run, field: str, before: str, after: str, students: int) -> ClassMove:
    level = _level(run, before)
    is_one_grade = field == "grade_level" and level is not None and level == _level(run, after)
    return ClassMove(field, before, after, students, renamed=is_one_grade)


def _level(run: Run, name: str) -> int | None:
    return level_of(name, run.roster_settings.grade_meanings)


def _place(run: Run, move: ClassMove) -> tuple[int, int, str, str]:
    level = _level(run, move.before) if move.field == "grade_level" else None
    return FIELDS.index(move.field), -100 if level is None else level, move.before, move.after
