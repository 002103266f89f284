"""Rules for leavers, fields and single students by the command line."""

from datetime import date
from typing import Any

import pytest

from rollbook.students import lookalikes
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Run
from tests.cli.conftest import Command

pytestmark = pytest.mark.django_db


def test_rules_of_an_integration_are_set_and_shown(
    inside: Command, integration: Integration
) -> None:
    assert inside("integration", "leavers", "--json").json["leavers"] == {
        "policy": "list",
        "runs": 3,
        "days": 7,
        "rollover": "07-01",
    }
    assert (
        inside("integration", "leavers", "--policy", "deactivate", "--runs", "2", "--json").json[
            "leavers"
        ]["runs"]
        == 2
    )
    wrong = inside("integration", "leavers", "--rollover", "13-01", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "rollover_refused")
    rules = inside(
        "integration", "fields", "--app-wins", "last_name", "--blank-clears", "gender", "--json"
    ).json["fields"]
    assert rules == {"app_wins": ["last_name"], "blank_clears": ["gender"]}
    assert inside("integration", "fields", "--blank-clears", "email", "--json").code == 3
    assert (
        inside("integration", "fields", "--sis-wins", "last_name", "--json").json["fields"][
            "app_wins"
        ]
        == []
    )
    assert inside("integration", "leavers").code == inside("integration", "fields").code == 0


def test_the_rule_about_emails_of_closed_accounts_is_set_and_shown(
    inside: Command, integration: Integration
) -> None:
    def free_emails(*options: str) -> Any:
        return inside("school", "free-emails", *options, "--json")

    assert free_emails().json == {"free_emails_after": None}
    assert free_emails("--after", "90").json == {"free_emails_after": 90}
    wrong = free_emails("--after", "-1")
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "free_emails_after_refused")
    both = free_emails("--after", "1", "--never")
    assert both.json["error"]["code"] == "option_conflict"
    assert "90 days" in inside("school", "free-emails").out
    assert free_emails("--never").json == {"free_emails_after": None}


@pytest.fixture
def student(integration: Integration) -> StudentAccount:
    return StudentAccount.objects.create(
        school=integration.school,
        source="powerschool",
        sis_id="7",
        email="ada@x.example",
        email_key="ada@x.example",
        first_name="Ada",
        last_name="Byron",
        graduation_year=2028,
    )


def test_a_student_is_edited_and_a_field_kept(inside: Command, student: StudentAccount) -> None:
    edited = inside("edit", "7", "--set", "last_name=King", "--keep", "last_name", "--json").json
    assert (edited["edited"], edited["student"]["last_name"]) == (["last_name"], "King")
    assert edited["student"]["locked"] == ["last_name"]
    wrong = inside("edit", "ada@x.example", "--set", "email=nonsense", "--json")
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "email_refused")
    assert inside("edit", "7", "--unlock", "last_name", "--json").json["student"]["locked"] == []
    assert inside("edit", "nobody", "--set", "gender=", "--json").code == 6
    assert inside("edit", "7", "--set", "gender=F").code == 0
    renumbered = inside("edit", "7", "--set", "sis_id=70", "--json").json
    assert (renumbered["edited"], renumbered["student"]["sis_id"]) == (["sis_id"], "70")
    assert (
        inside("edit", "70", "--set", "sis_id=", "--json").json["error"]["code"] == "sis_id_refused"
    )


def test_a_student_is_protected_until_a_day(inside: Command, student: StudentAccount) -> None:
    protected = inside(
        "protect", "7", "--until", "2999-01-31", "--reason", "court order", "--json"
    ).json["student"]
    assert (protected["protected"], protected["protected_until"][:10]) == (True, "2999-02-01")
    assert inside("protect", "7", "--until", "2020-01-31", "--json").code == 3
    assert inside("protect", "7", "--end", "--json").json["student"]["protected"] is False


def test_a_student_is_put_on_the_never_import_list_and_taken_off(
    inside: Command, integration: Integration
) -> None:
    added = inside("never-import", "add", "--sis-id", "9", "--json").json["entries"]
    assert [entry["key"] for entry in added] == ["9"]
    assert inside("never-import", "list").code == 0
    assert inside("never-import", "remove", "--sis-id", "9", "--json").json["entries"] == []
    assert inside("never-import", "remove", "--sis-id", "9", "--json").code == 6


def test_a_run_takes_limits_of_its_own(inside: Command, integration: Integration) -> None:
    refused = inside("run", "--wider", "leavers_percent=300", "--json").json["error"]
    assert refused["code"] == "leavers_percent_refused"
    wider = inside("run", "--wider", "leavers_percent=30", "--no-wait", "--json").json["run"]
    assert (
        Run.objects.get(pk=wider["id"]).settings["wider"]
        == wider["wider"]
        == {"leavers_percent": 30.0}
    )
    assert (wider["limits"]["leavers_percent"], wider["limits"]["emails_percent"]) == (30.0, 20.0)


def test_a_pause_is_named_at_each_run_that_it_skips(
    inside: Command, integration: Integration
) -> None:
    shown = inside(
        "schedule",
        "pause",
        "--from",
        "2020-01-01",
        "--to",
        "2999-01-01",
        "--name",
        "Summer",
        "--json",
    ).json["schedule"]
    assert [at["pause"]["name"] for at in shown["next_runs"]] == ["Summer"] * 3
    assert "skipped: Summer" in inside("schedule", "show").out


def test_two_students_who_are_alike_are_listed_and_decided(
    inside: Command, student: StudentAccount
) -> None:
    student.birth_date = date(2010, 1, 2)
    student.save()
    email = "twin@x.example"
    values = {"email": email, "email_key": email, "birth_date": student.birth_date}
    names = {"first_name": student.first_name, "last_name": student.last_name}
    twin = StudentAccount.objects.create(school=student.school, sis_id="991", **values, **names)
    lookalikes.ask(student.school_id, [twin.pk])
    (pair,) = inside("lookalikes", "list", "--json").json["lookalikes"]
    assert {pair["account"]["email"], pair["other"]["email"]} == {student.email, email}
    assert inside("lookalikes", "different", student.email, "991", "--json").code == 0
    again = inside("lookalikes", "different", student.email, "991", "--json")
    assert again.json["error"]["code"] == "lookalike_not_found"
    assert "No possible duplicates" in inside("lookalikes", "list").out
