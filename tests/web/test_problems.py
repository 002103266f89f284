"""The Problems page: access, rows, the count in the navigation, the file for the registrar."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.roster.planning.causes import Setting
from rollbook.roster.records import Issue
from rollbook.schools.models import AuditEntry, School, User
from rollbook.standins import powerschool
from rollbook.students.models import StudentAccount
from rollbook.sync.models import RunState
from rollbook.sync.report.causes import causes
from rollbook.sync.report.registrar_file import registrar_problems
from rollbook.sync.report.work_list import ProblemQuery, filtered_problems
from rollbook.sync.runs import states
from rollbook.sync.setup import connection_tests
from tests.cli.conftest import Command, inside
from tests.connecting import connected
from tests.sync.report_runs import a_run, problem

__all__ = ["inside"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(school: School) -> School:
    """One problem about somebody with an account, one about somebody without."""
    common = {
        "email": "e@x.example",
        "email_key": "e@x.example",
        "first_name": "Emmy",
        "last_name": "Noether",
    }
    StudentAccount.objects.create(school=school, source="powerschool", sis_id="0042", **common)
    issues = [
        problem(),
        problem(
            "other_person",
            sis_id="0043",
            name="Al Turing",
            field="sis_id",
            source_field="id",
            value="0043",
        ),
    ]
    states.finish(a_run(school, [], issues, state=RunState.PLANNED))
    return school


def text_of(client: Client, school: School, **query: str) -> str:
    response = client.get(reverse("problems", args=[school.pk]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_members_read_it_and_nobody_else(
    listed: School, client: Client, elsewhere: Client, counselor_client: Client
) -> None:
    for name in ("problems", "registrar-csv", "registrar-xlsx"):
        address = reverse(name, args=[listed.pk])
        assert client.get(address).status_code == 302
        assert elsewhere.get(address).status_code == 404
        assert counselor_client.get(address).status_code == 200


def test_the_list_says_what_happened_what_to_do_and_who(listed: School, admin: Client) -> None:
    page = text_of(admin, listed)
    for words in (
        "Emmy Noether",
        "Al Turing",
        "in 1 run<",
        "Who can fix it:",
        "File for the registrar: 1 correction in the SIS",
    ):
        assert words in page, words
    account = StudentAccount.objects.get()
    assert reverse("student", args=[listed.pk, account.pk]) in page
    assert (
        '<span class="tabs-count">2<'
        in admin.get(reverse("upload", args=[listed.pk])).content.decode()
    )
    assert "Al Turing" not in text_of(admin, listed, who="registrar")
    assert "Emmy" not in text_of(admin, listed, q="turing")
    assert "No problems match" in text_of(admin, listed, q="nobody")
    for odd in ({"state": "x"}, {"severity": "x"}, {"who": "x"}, {"page": "99"}, {"q": "\0"}):
        assert "Emmy Noether" in text_of(admin, listed, **odd), odd


def test_what_is_gone_is_shown_as_fixed(listed: School, admin: Client) -> None:
    states.finish(a_run(listed, state=RunState.PLANNED))
    assert "No problems" in text_of(admin, listed)
    assert "Nothing. It is fixed." in text_of(admin, listed, state="fixed")
    assert "tabs-count" not in text_of(admin, listed)


def test_the_file_is_noted_without_values(listed: School, admin: Client) -> None:
    response = admin.get(reverse("registrar-csv", args=[listed.pk]), {"q": "noether"})
    assert "0042,Emmy Noether" in response.content.decode()
    entry = AuditEntry.objects.get(action="problems.exported")
    assert entry.detail == {"problems": 1, "kind": "csv"}
    admin.get(reverse("problems", args=[listed.pk]), {"q": "noether"})
    assert AuditEntry.objects.get(action="problems.searched").detail == {"results": 1}


def test_the_command_tells_the_same(listed: School, inside: Command, tmp_path: object) -> None:
    told = inside("work-list", "--json").json
    assert told["total"] == 2
    assert {each["sis_id"]: each["who"] for each in told["problems"]} == {
        "0042": "registrar",
        "0043": "administrator",
    }
    assert inside("work-list", "--search", "turing", "--json").json["total"] == 1
    assert (
        inside("work-list", "--registrar-file", f"{tmp_path}/fix.xlsx", "--json").json["total"] == 1
    )
    assert inside("work-list", "--registrar-file", f"{tmp_path}/fix.pdf").code == 2


def test_a_clash_over_an_email_leads_to_the_other_person(school: School, admin: Client) -> None:
    def account(name: str, sis_id: str | None) -> StudentAccount:
        linked = {
            "source": "powerschool" if sis_id else "",
            "sis_id": sis_id,
            "last_name": "Held",
            "first_name": name,
        }
        return StudentAccount.objects.create(
            school=school,
            email=f"{name}@x.example",
            email_key=f"{name}@x.example".lower(),
            **linked,
        )

    grace, alan, unlinked = account("Grace", "1"), account("Alan", "2"), account("Lise", None)
    clashes = [
        problem("email_taken", sis_id="91", name="Ada Taken", value="grace@x.example"),
        problem("email_shared", sis_id="92", name="Al Shared", value="new@x.example"),
        problem("email_shared", sis_id="2", name="Alan Held", value="new@x.example"),
        problem("link_names_differ", sis_id="93", name="Lisa Unlinked", value="LISE@x.example"),
    ]
    run = a_run(school, [], clashes, state=RunState.PLANNED)
    states.finish(run)
    for page in (
        text_of(admin, school),
        admin.get(reverse("run", args=[school.pk, run.pk]), {"tab": "errors"}).content.decode(),
    ):
        leads = {
            who: page.count(f'{reverse("student", args=[school.pk, who.pk])}">{who.name}<')
            for who in (grace, alan, unlinked)
        }
        own = (
            1 if "Since" in page else 0
        )  # the list of problems leads to the one whose problem it is as well
        assert leads == {grace: 1, alan: 1 + own, unlinked: 1}
    page = admin.get(reverse("student", args=[school.pk, alan.pk])).content.decode()
    assert "new@x.example" in page and "Other account:" not in page, "the other one has none"


def without(field: str, number: int, code: str = "required_empty", value: str = "") -> list[Issue]:
    """Return the same problem of so many students."""
    return [
        problem(code, sis_id=f"S{each}", field=field, source_field="contact_email", value=value)
        for each in range(number)
    ]


def test_a_problem_of_many_is_one_group_that_names_the_setting(
    school: School, admin: Client
) -> None:
    issues = [*without("email", 30), problem(sis_id="0042")]
    counts = {"read": 40}
    states.finish(a_run(school, [], issues, state=RunState.PLANNED, counts=counts))
    page = text_of(admin, school)
    assert "30 students have no" in page and "Probably this setting." in page
    (group,) = causes(school)
    assert (group.field, group.number, group.setting) == ("email", 30, Setting.MAPPING)
    (correction,) = registrar_problems(school, ProblemQuery())
    assert correction.field == "graduation_year"
    of_group = filtered_problems(school, ProblemQuery(cause=group.key))
    assert {found.field for found in of_group} == {"email"}
    rows = text_of(admin, school, cause=group.key)
    assert "0042" not in rows and "Check Step 1.2 Select Mapping first." in rows


def test_a_new_grade_is_one_decision(school: School, admin: Client) -> None:
    issues = without("grade_level", 3, "grade_undecided", "G9")
    states.finish(a_run(school, [], issues, state=RunState.PLANNED))
    page = text_of(admin, school)
    assert "3 students are in “G9”" in page and "You do it once." in page
    (group,) = causes(school)
    assert group.setting is Setting.GRADES and group.value == "G9"


def test_few_problems_of_one_kind_are_for_the_registrar(school: School) -> None:
    counts = {"read": 40}
    states.finish(a_run(school, [], without("email", 4), state=RunState.PLANNED, counts=counts))
    (group,) = causes(school)
    assert group.setting is None
    assert registrar_problems(school, ProblemQuery()).count() == 4


def test_a_cause_says_in_which_place_the_values_are(
    school: School, administrator: User, admin: Client
) -> None:
    with powerschool.serve(students=80, seed=7, email_home="extension") as sis:
        integration = connected(school, administrator, sis)
        ids = [str(student.dcid) for student in sis.roster()]
        issues = [
            problem("required_empty", sis_id=sis_id, field="email", source_field="email")
            for sis_id in ids[:60]
        ]
        counts = {"read": 80}
        run = a_run(
            school, [], issues, state=RunState.PLANNED, counts=counts, integration=integration
        )
        states.finish(run)
        page = unescape(text_of(admin, school))
        where = "the student's page > Contacts > the student's own e-mail"
        assert f"60 students have no E-mail where we look ({where})." in page
        assert "Test the connection" in page, "nothing is known without a test"
        credentials = {"client_id": sis.client_id, "client_secret": sis.client_secret}
        credentials["client_url"] = sis.url
        target = connection_tests.Target("powerschool", "", credentials, {})
        test, _is_new = connection_tests.begin(school, None, target)
        connection_tests.work_on(test, target)
    page = text_of(admin, school)
    assert re.search(
        r"The last connection test looked at (\d+) of them: \d+ have a usable value in "
        r"“u_students_extension.student_email”",
        page,
    )
    link = reverse("select-mapping", args=[school.pk, integration.pk])
    assert f'href="{link}#row-email"' in page
    assert 'id="row-email"' in admin.get(link).content.decode()
