"""The graduation year reckoned from the grade, for schools whose SIS has none."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from rollbook.roster.translation import gettext_noop as _
from rollbook.roster.values.grades import AT_SCHOOL, level_of
from rollbook.sources.discovery import Home

Record = dict[str, Any]
FIRST_MONTH: Final = 7  # of a school year, where no date of the SIS says when it ends
YEAR_END_FIELD: Final = "exit_date"  # the date near the end of the school year, where one has it
# Source fields, by the grade that graduates.
LAST_GRADES: Final = {
    "graduation_year_by_grade_12": 12,
    "graduation_year_by_grade_13": 13,
}
HOMES: Final = (
    Home(
        "graduation_year_by_grade_12",
        _("Reckoned from the grade; grade 12 is the last one"),
        _("the student's grade"),
        made=True,
    ),
    Home(
        "graduation_year_by_grade_13",
        _("Reckoned from the grade; grade or year 13 is the last one"),
        _("the student's grade"),
        made=True,
    ),
)


class YearReckoner:
    """Reckons the graduation years of a roster for the source fields `names`.

    `meanings` are the levels that a person chose for names of grades, see `grades.level_of`.
    """

    def __init__(self, names: Iterable[str], meanings: Mapping[str, int | None]) -> None:
        self.names = sorted(LAST_GRADES.keys() & set(names))
        self._meanings = meanings
        self.needs_school = bool(self.names) and any(AT_SCHOOL in name for name in meanings)

    def put_years(
        self, record: Record, grade_name: Any, ends: str = "", school: Any = None
    ) -> None:
        """Put the years into a record, unless the grade isn't one of a school year.

        `ends` is a date near the end of the current school year, as the SIS has it; "" for none.
        `school` is the key of the student's school, where `needs_school`.
        """
        level = level_of(grade_name, self._meanings, " ".join(str(school or "").split()))
        for name in self.names:
            last = LAST_GRADES[name]
            if level is not None and level <= last:
                record[name] = _end_of_school_year(ends, datetime.now(UTC).date()) + last - level
            else:
                record.pop(name, None)


def _end_of_school_year(ends: str, today: date) -> int:
    usual = today.year + (1 if today.month >= FIRST_MONTH else 0)
    try:
        stated = date.fromisoformat(ends[:10])
    except ValueError:
        return usual
    # The day after the last one; a school year of the south ends in December.
    is_near = abs((stated - today).days) < 400
    return stated.year if is_near else usual
