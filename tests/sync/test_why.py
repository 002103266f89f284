"""Why a student is not in: each case, found by name, e-mail or SIS ID, says what to do."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.roster.planning.changes import ChangeKind
from rollbook.schools.models import AuditEntry, School
from rollbook.standins.standin import StandIn
from rollbook.students.models import Protection, StudentAccount
from rollbook.sync.models import Integration, Mode, OutsideList, RunState
from rollbook.sync.report.why_missing import why
from rollbook.sync.runs import states
from tests.cli.conftest import Command, inside
from tests.sync.report_runs import a_run, new, problem
from tests.sync.test_linking import account_of, students_of
from tests.sync.test_pipeline import sync
from tests.web.conftest import admin, elsewhere, static_root

__all__ = ["admin", "elsewhere", "inside", "static_root"]
pytestmark = pytest.mark.django_db


def codes(school: School, asked: str) -> list[str]:
    found = why(school, asked)
    assert all(each.what and each.remedy for each in found)
    return [each.code for each in found]


def test_from_the_first_rehearsal_to_being_in(integration: Integration, standin: StandIn) -> None:
    school, student = integration.school, students_of(standin)[0]
    name = f"{student.last_name} {student.first_name}"
    assert codes(school, name) == ["no_run"]
    sync(integration, Mode.TEST)
    for asked in (name, student.email.upper(), str(student.dcid)):
        assert codes(school, asked) == ["test_run"], asked
    assert codes(school, "Nobody At All") == codes(school, "") == codes(school, "\0") == ["unknown"]
    sync(integration)
    assert codes(school, name) == codes(school, str(student.dcid)) == ["is_in"]
    StudentAccount.objects.filter(sis_id=str(student.dcid)).update(status="deactivated")
    assert codes(school, name) == ["not_active"]


def test_outside_the_grades_is_known_by_sis_id_and_nothing_else_of_them_is_kept(
    integration: Integration, standin: StandIn
) -> None:
    run = sync(integration)
    young = next(
        each for each in standin.roster() if each.enroll_status == 0 and each.grade_level == 3
    )
    assert codes(integration.school, str(young.dcid)) == ["grade_not_selected"]
    assert codes(integration.school, f"{young.first_name} {young.last_name} {young.dcid}") == [
        "unknown"
    ]
    kept = OutsideList.objects.get()
    assert len(bytes(kept.digests)) == 8 * run.counts[ChangeKind.OUTSIDE_SELECTION]
    other = School.objects.create(name="Other")
    assert codes(other, str(young.dcid)) == ["no_run"]


def test_an_account_without_a_link_that_may_be_the_student(
    integration: Integration, standin: StandIn
) -> None:
    student = students_of(standin)[0]
    account_of(integration, student, email="old@elsewhere.example")
    assert codes(integration.school, "old@elsewhere.example") == ["not_linked"]
    sync(integration, Mode.TEST)
    assert codes(integration.school, f"{student.first_name} {student.last_name}") == [
        "link_undecided",
        "problem",
    ]


def test_a_problem_a_hold_and_a_failure_are_told(school: School, integration: Integration) -> None:
    states.finish(a_run(school, [], [problem()], state=RunState.PLANNED, integration=integration))
    assert codes(school, "noether emmy") == codes(school, "0042") == ["problem"]
    a_run(school, [new()], state=RunState.ON_HOLD, integration=integration)
    assert codes(school, "Lovelace") == ["on_hold"]
    a_run(school, [new()], state=RunState.DISCARDED, integration=integration)
    assert codes(school, "ada@lincoln.example") == ["not_applied"]


def test_the_page_and_the_command_say_the_same(
    school: School, admin: Client, elsewhere: Client, inside: Command
) -> None:
    states.finish(a_run(school, [], [problem()], state=RunState.PLANNED))
    address = reverse("why", args=[school.pk])
    page = admin.get(address, {"q": "noether"}).content.decode()
    assert "Emmy Noether" in page and "What to do:" in page
    assert elsewhere.get(address).status_code == 404
    assert (
        f'action="{address}"' in admin.get(reverse("problems", args=[school.pk])).content.decode()
    )
    told = inside("why", "noether", "--school", school.name, "--json").json["answers"]
    assert [each["code"] for each in told] == ["problem"] and told[0]["what"] in page.replace(
        "&#x27;", "'"
    )
    entry = AuditEntry.objects.filter(action="students.asked_why").earliest("id")
    assert entry.detail == {"results": 1}


def test_never_imported_and_protected_are_told(school: School, integration: Integration) -> None:
    row = new()._replace(kind=ChangeKind.NEVER_IMPORTED, reason="on_never_import_list")
    a_run(school, [row], integration=integration)
    assert codes(school, "lovelace") == ["never_imported"]
    told = {
        "email": "e@x.example",
        "email_key": "e@x.example",
        "first_name": "Emmy",
        "last_name": "Noether",
        "source": "powerschool",
    }
    account = StudentAccount.objects.create(school=school, sis_id="0042", **told)
    Protection.objects.create(school=school, account=account)
    assert codes(school, "noether") == ["protected"]
