"""Step 1.2 with real students beside the mapping, and the note before the first live run."""

import html
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sources.discovery import Home, Sample
from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, LinkProposal, Run
from rollbook.sync.setup import connection_tests, mapping_preview
from tests.connecting import connected
from tests.web.conftest import MakeRun

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def sis() -> Iterator[StandIn]:
    with powerschool.serve(students=60, seed=7, clean=True) as running:
        yield running


@pytest.fixture
def saved(school: School, sis: StandIn) -> Integration:
    return connected(school, None, sis)


@pytest.fixture
def address(school: School, saved: Integration) -> str:
    return reverse("select-mapping", args=[school.pk, saved.pk])


def rows_of(saved: Integration) -> list[str]:
    return [f"{source_field}:{field}" for source_field, field in saved.mapping]


def test_five_real_students_follow_each_change(
    admin: Client, address: str, saved: Integration
) -> None:
    page = admin.get(address).content.decode()
    assert "Show real students" in page
    sent = {"row": rows_of(saved), "action": "sample"}
    page = html.unescape(admin.post(address, sent).content.decode())
    assert page.count('<td class="preview-ok">') >= 5 * 5
    names = re.findall(r">Last name</th>(.*?)</tr>", page, re.S)
    others = admin.post(address, sent | {"action": "preview", "first": "5"}, headers=HTMX)
    part = html.unescape(others.content.decode())
    assert "<form" not in part, "only the preview comes back"
    assert re.findall(r">Last name</th>(.*?)</tr>", part, re.S) != names
    fewer = [row for row in rows_of(saved) if "gender" not in row]
    part = admin.post(address, {"row": fewer, "action": "preview"}, headers=HTMX).content.decode()
    assert ">Gender</th>" not in part
    saved.refresh_from_db()
    assert rows_of(saved) == sent["row"], "nothing is saved by looking"


def test_the_preview_marks_what_is_empty_and_what_cannot_be_used(saved: Integration) -> None:
    records = [
        {"email": "ada@school.example", "student_username": "ada", "grade_level": 9},
        {"email": "", "student_username": "ben", "grade_level": 9},
        {"email": "none", "student_username": "", "grade_level": 9},
    ]
    sample = Sample(records, {"email": (Home("email", "Email"),)})
    [row] = mapping_preview.preview(saved, sample, [("email", "email")]).rows
    assert [cell.state for cell in row.cells] == ["ok", "empty", "invalid"]
    assert (row.empty, row.invalid) == (1, 1)
    made = [("student_username@school.example", "email")]
    [row] = mapping_preview.preview(saved, sample, made).rows
    stored = [cell.stored for cell in row.cells]
    assert stored == ["ada@school.example", "ben@school.example", ""]


def test_existing_accounts_are_announced_before_the_first_live_run(
    admin: Client, school: School, connected: Integration, make_run: MakeRun
) -> None:
    address = reverse("select-mapping", args=[school.pk, connected.pk])
    assert "exist here already" not in admin.get(address).content.decode()
    accounts = [
        StudentAccount.objects.create(
            school=school,
            first_name="Ada",
            last_name=f"Number{number}",
            email=f"ada{number}@school.example",
            email_key=f"ada{number}@school.example",
            graduation_year=2030,
        )
        for number in range(4)
    ]
    page = admin.get(address).content.decode()
    assert "4 accounts exist here already." in page
    assert "Start with a test run." in page
    run = make_run(proof={"completeness": "complete"})
    for account, same_name in ((accounts[0], True), (accounts[1], True), (accounts[2], False)):
        propose(run, account, same_name=same_name)
    page = admin.get(address).content.decode()
    assert "2 match by e-mail and name" in page
    assert "1 need your decision, 1 have no match." in page
    assert reverse("links", args=[school.pk]) in page


def propose(run: Run, account: StudentAccount, *, same_name: bool) -> None:
    LinkProposal.objects.create(
        school=run.school,
        source=run.source,
        run=run,
        account=account,
        sis_id=f"9{account.last_name[-1]}",
        name="Ada",
        same_email=True,
        same_name=same_name,
        same_birth_date=False,
        same_sis_id=False,
        same_student_number=False,
        clash="" if same_name else "names_differ",
    )


def test_a_sample_of_another_school_is_never_shown(
    admin: Client, school: School, saved: Integration, sis: StandIn, address: str
) -> None:
    other = School.objects.create(name="Other School")
    target = connection_tests.Target(
        "powerschool",
        "",
        {
            "client_id": sis.client_id,
            "client_secret": sis.client_secret,
            "client_url": sis.url,
        },
        {},
    )
    test, _new = connection_tests.begin(other, None, target)
    connection_tests.work_on(test, target)
    assert "preview-ok" not in admin.get(address).content.decode()
