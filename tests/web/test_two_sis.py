"""A student whom two SISs have, on the screens and with the commands."""

import html
import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse

from rollbook.cli import main
from rollbook.schools.models import School, User
from rollbook.standins import veracross
from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration
from rollbook.sync.report.why_missing import why
from rollbook.sync.setup import field_owners
from tests.sync.rule_runs import send_away, sync
from tests.sync.test_changing_sis import connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(school: School, administrator: User, integration: Integration) -> Iterator[Integration]:
    """Veracross beside PowerSchool, with the same people; its first run has proposed links."""
    sync(integration)
    with veracross.serve(students=80, seed=7, clean=True) as running:
        other = connected(school, administrator, running)
        sync(other)
        yield other


def shown(client: Client, name: str, *arguments: Any, **query: str) -> str:
    response = client.get(reverse(name, args=arguments), query)
    return " ".join(html.unescape(response.content.decode()).split())


def command(*arguments: str) -> Any:
    result = CliRunner().invoke(main, [*arguments, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def test_a_student_of_two_sis_from_the_proposal_to_the_unlinking(
    admin: Client,
    school: School,
    integration: Integration,
    second: Integration,
    standin: StandIn,
) -> None:
    page = shown(admin, "links", school.pk)
    assert (
        "This account is linked to PowerSchool. If you confirm, it is linked to Veracross" in page
    )
    proposed = command("links", "list")["links"][0]
    assert proposed["account"]["links"][0]["source"] == "powerschool"
    admin.post(reverse("links-exact", args=[school.pk]))
    sync(second)

    student = StudentAccount.objects.filter(further_links__isnull=False).earliest("sis_id")
    page = shown(admin, "student", school.pk, student.pk)
    for words in (
        "Linked to PowerSchool, Veracross",
        "This student is linked to 2 SISs",
        "SIS ID in Veracross",
        "Unlink from Veracross",
        "confirmed by Ada Admin",
    ):
        assert words in page, words
    assert "PowerSchool, Veracross" in shown(admin, "students", school.pk, source="veracross")
    export: Any = admin.get(reverse("students-csv", args=[school.pk]))
    lines = b"".join(export.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].endswith("Other SIS IDs")
    assert any(f"Veracross {student.sis_id}" in line for line in lines)
    [finding] = why(school, student.email)
    assert finding.code == "is_in_both" and "and Veracross (SIS ID" in finding.what
    [listed] = command("students", "--search", student.email)["students"]
    assert [link["source"] for link in listed["links"]] == ["powerschool", "veracross"]

    send_away(standin, student)
    run = sync(integration)
    [row] = [
        row for row in command("changes", str(run.pk))["changes"] if row["kind"] == "not_in_roster"
    ]
    assert row["why"].startswith("Still in Veracross.")
    assert "Still in Veracross." in shown(
        admin, "run", school.pk, run.pk, tab="updated", only="not_in_roster"
    )
    assert "not in the roster since" in shown(admin, "student", school.pk, student.pk)

    unlinked = command("links", "unlink", student.email, "--source", "powerschool")["student"]
    assert unlinked["links"] == [{"source": "veracross", "sis_id": student.sis_id}]
    refused = command("links", "unlink", student.email, "--source", "veracross")
    assert refused["error"]["code"] == "unlink_refused"


def test_the_owner_of_a_field_is_chosen_beside_the_mapping(
    admin: Client, school: School, integration: Integration, second: Integration
) -> None:
    address = reverse("select-mapping", args=[school.pk, second.pk])
    page = shown(admin, "select-mapping", school.pk, second.pk)
    assert "Owner: linked first" in page and "Owner of Last name" in page
    assert "owner-sis_id" not in page and "owner-middle_name" not in page, "PowerSchool has none"
    rows = [f"{source}:{field}" for source, field in second.mapping]
    admin.post(address, {"row": rows, "owner-last_name": "veracross", "action": "save"})
    assert field_owners.owners(school) == {"last_name": "veracross"}
    rules = command(
        *("integration", "fields", "--source", "powerschool"),
        *("--owner", "last_name=first", "--owner", "gender=powerschool"),
    )
    assert rules["fields"]["owners"] == {"gender": "powerschool"}
    wrong = command(
        "integration", "fields", "--source", "powerschool", "--owner", "gender=oneroster"
    )
    assert wrong["error"]["code"] == "fields_refused"


def test_only_those_who_manage_unlink(
    counselor_client: Client, elsewhere: Client, school: School, second: Integration
) -> None:
    student = StudentAccount.objects.earliest("sis_id")
    address = reverse("student-unlink", args=[school.pk, student.pk, "veracross"])
    assert counselor_client.post(address).status_code == 403
    assert elsewhere.post(address).status_code == 404
