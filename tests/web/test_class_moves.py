"""Whole classes that move in one run, and names of grades that are new: one line for each."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from rollbook.roster.planning.changes import Change
from rollbook.schools.models import School
from rollbook.sync.models import Integration, Problem, Run, RunState
from rollbook.sync.report.class_moves import ClassMove, class_moves
from rollbook.sync.report.new_grades import new_grades_of_run, new_grades_of_school
from rollbook.sync.report.workbook import write_report
from rollbook.sync.runs import states
from tests.cli.conftest import Command, inside
from tests.sync.report_runs import a_run, problem, updated

__all__ = ["inside"]
pytestmark = pytest.mark.django_db


def moved(field: str, before: object, after: object, students: int) -> list[Change]:
    sis_ids = [f"{field}-{before}-{after}-{number}" for number in range(students)]
    return [updated({field: before}, {field: after}, sis_id=sis_id) for sis_id in sis_ids]


def sentences(run: Run) -> list[str]:
    return [move.sentence for move in class_moves(run)]


def test_a_class_that_moves_up_is_one_line_in_the_order_of_grades(school: School) -> None:
    changes = [
        *moved("grade_level", "Grade 10", "Grade 11", 3),
        *moved("grade_level", "Grade 9", "Grade 10", 4),
        *moved("grade_level", "8", "9", 2),
        *moved("grade_level", "DP1", "DP2", 2),
        *moved("grade_level", None, "Grade 9", 2),
        *moved("grade_level", "Grade 9", "Grade 12", 1),
        *moved("graduation_year", 2030, 2029, 2),
    ]
    assert sentences(a_run(school, changes)) == [
        "2 students go from no grade to Grade 9.",
        "2 students go from DP1 to DP2.",
        "2 students go from Grade 8 to Grade 9.",
        "4 students go from Grade 9 to Grade 10.",
        "3 students go from Grade 10 to Grade 11.",
        "2 students go from graduation year 2030 to 2029.",
    ]


def test_another_name_of_the_same_grade_is_no_move(school: School) -> None:
    changes = [
        *moved("grade_level", "Year 9", "Y9", 2),
        *moved("grade_level", "Prep", "Year 8 (Prep)", 2),
    ]
    run = a_run(school, changes)
    run.settings = {**run.settings, "grade_meanings": {"prep": 8}}
    assert all(move.renamed for move in class_moves(run))
    assert sentences(run) == [
        "The grade of 2 students is now called Year 8 (Prep). Before, it was Prep.",
        "The grade of 2 students is now called Y9. Before, it was Year 9.",
    ]
    run.settings = {**run.settings, "grade_meanings": {}}
    assert ClassMove("grade_level", "Prep", "Year 8 (Prep)", 2, renamed=False) in class_moves(run)


def test_moves_are_on_the_page_in_excel_and_in_json(
    school: School, admin: Client, inside: Command
) -> None:
    run = a_run(school, moved("grade_level", "Grade 9", "Grade 10", 118))
    sentence = "118 students go from Grade 9 to Grade 10."
    page = admin.get(reverse("run", args=[school.pk, run.pk]), {"tab": "updated"})
    assert page.content.decode().count(sentence) == 1
    file = BytesIO()
    write_report(run, file)
    rows = load_workbook(file)["Summary"].iter_rows(values_only=True)
    assert ("Whole class", sentence) in list(rows)
    (move,) = inside("changes", str(run.pk), "--json").json["class_moves"]
    assert (move["before"], move["after"], move["students"]) == ("Grade 9", "Grade 10", 118)


def test_a_new_grade_waits_on_the_report_and_the_page_of_the_integration(
    integration: Integration, school: School, admin: Client
) -> None:
    issues = [
        problem("grade_undecided", sis_id=f"S{number}", field="grade_level", value="G9 ")
        for number in range(3)
    ]
    run = a_run(school, [], issues, state=RunState.PLANNED, integration=integration)
    states.finish(run)
    sentence = "3 students are in “G9”, which is new."
    link = f"{reverse('configure-sis', args=[school.pk])}?source=powerschool#sis-roster"
    for address in (reverse("run", args=[school.pk, run.pk]), reverse("upload", args=[school.pk])):
        page = admin.get(address).content.decode()
        assert sentence in page and link in page
    integration.grade_names = [{"name": "g9", "students": 3, "level": 9, "chosen": True}]
    integration.save()
    assert Problem.objects.filter(fixed_at__isnull=True).count() == 3
    run.integration = integration
    assert new_grades_of_run(run) == [] and new_grades_of_school(school) == []
