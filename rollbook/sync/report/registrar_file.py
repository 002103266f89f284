"""The file for the registrar: the open problems that are fixed in the SIS, as csv or for Excel."""

from collections.abc import Iterator
from typing import IO, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from rollbook.roster.problems.problem_texts import REGISTRAR
from rollbook.schools.models import School
from rollbook.sync.models import Problem
from rollbook.sync.report import excel
from rollbook.sync.report.causes import Cause, causes, without_settings
from rollbook.sync.report.csv_file import csv_text
from rollbook.sync.report.work_list import (
    NEW,
    OPEN,
    ProblemQuery,
    filtered_problems,
    listed_problems,
)

ROWS_AT_A_TIME: Final = 2_000


def registrar_problems(
    school: School, chosen: ProblemQuery, of_school: list[Cause] | None = None
) -> QuerySet[Problem]:
    """Return the problems that go into the file: open, within the filter, and fixed in the SIS.

    Those that a setting of ours probably causes aren't among them: a registrar can't fix these.
    `of_school` are the causes of its problems where they are known already.
    """
    state = NEW if chosen.state == NEW else OPEN
    problems = filtered_problems(school, chosen._replace(state=state, who=REGISTRAR))
    return without_settings(problems, causes(school) if of_school is None else of_school)


def write_csv(problems: QuerySet[Problem], target: IO[str]) -> None:
    """Write the file as csv."""
    target.writelines(csv_text(_headings(), _rows(problems)))


def write_xlsx(problems: QuerySet[Problem], target: IO[bytes]) -> None:
    """Write the file for Excel."""
    title = _("Corrections")
    excel.write_texts({title: (_headings(), _rows(problems))}, title, target)


def _headings() -> list[str]:
    return [_("SIS ID"), _("Name"), _("Field"), _("Value now"), _("What is expected"), _("Where")]


def _rows(problems: QuerySet[Problem]) -> Iterator[list[str]]:
    """Yield one row for each correction."""
    start = 0
    while part := list(listed_problems(problems[start : start + ROWS_AT_A_TIME])):
        for listed in part:
            row = listed.row
            field = row.source_field or row.field_label
            yield [row.sis_id, row.name, field, row.value, listed.expected, listed.where]
        start += ROWS_AT_A_TIME
