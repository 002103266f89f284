"""What a person sees of a hold and decides about it, and where the limits are set."""

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from rollbook.schools.models import AuditEntry, School
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Change, Integration, LimitWidening, Run, RunState
from rollbook.sync.setup import limits
from tests.cli.conftest import Command, inside
from tests.web.conftest import MakeRun

__all__ = ["inside"]
pytestmark = pytest.mark.django_db

LEAVERS = {
    "code": "leavers",
    "numbers": {
        "missing": 138,
        "expected": 1240,
        "percent": 11.129,
        "limit": 5.0,
        "groups": {"grade 12": 131, "year 2030": 7},
    },
}


def words(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


@pytest.fixture
def held(make_run: MakeRun) -> Run:
    run = make_run(RunState.ON_HOLD, counts={"read": 1102, "missing": 138}, alarms=[LEAVERS])
    common = {
        "school_id": run.school_id,
        "run": run,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "email": "ada@x.example",
    }
    Change.objects.create(
        **common,
        kind="updated",
        sis_id="1",
        before={"first_name": "Adah"},
        after={"first_name": "Ada"},
    )
    moved: dict[str, Any] = {
        "before": {"email": "a@x", "email_key": "a@x"},
        "after": {"email": "b@x", "email_key": "b@x"},
    }
    Change.objects.create(**common, kind="updated", sis_id="2", **moved)
    Change.objects.create(**common, kind="not_in_roster", sis_id="3")
    return run


def test_the_page_says_why_in_numbers_and_what_each_decision_does(admin: Client, held: Run) -> None:
    page = words(admin.get(reverse("run", args=[held.school_id, held.pk])))
    assert "138 of 1,240 students are missing from PowerSchool: 11.1 %, your limit is 5 %." in page
    assert "131 in grade 12" in page and "7 in the class of 2030" in page
    listed_only = "1 missing student is only listed: the account stays as it is."
    for sentence in (
        f"Applied at once: 2 accounts updated. {listed_only} Accounts edited meanwhile are left "
        "as they are and listed.",
        f"Applied at once: 1 account updated. {listed_only} 1 account is left out that would be "
        "closed or get a new sign-in e-mail",
        "None of the 2 planned changes is made. The report stays here, and the next run plans "
        "anew.",
    ):
        assert page.count(sentence) == 2, "beside the button, and in the dialog that asks"
    assert "Nothing was changed" in page and "See who is missing" in page
    missing = words(
        admin.get(
            reverse("run", args=[held.school_id, held.pk]),
            {"tab": "updated", "only": "not_in_roster"},
        )
    )
    assert "Ada Lovelace" in missing


def test_additions_alone_are_approved_once_and_a_counselor_approves_nothing(
    admin: Client, counselor_client: Client, held: Run
) -> None:
    address = reverse("approve", args=[held.school_id, held.pk])
    assert counselor_client.post(address, {"only": "additions"}).status_code == 403
    admin.post(address, {"only": "additions"})
    held.refresh_from_db()
    assert (held.state, held.approved_additions_only) == (RunState.PLANNED, True)
    assert held.approved_at is not None and held.approved_by is not None
    assert held.alarms == [LEAVERS]
    assert list(Change.objects.order_by("sis_id").values_list("outcome", flat=True)) == [
        "",
        "left_out",
        "",
    ]
    assert "no longer on hold" in words(admin.post(address, follow=True))


def test_limits_are_set_and_switching_one_off_is_asked_twice(
    admin: Client, counselor_client: Client, school: School
) -> None:
    address = reverse("limits", args=[school.pk])
    assert counselor_client.get(address).status_code == 403
    usual = {
        "action": "save",
        "leavers_percent": "8",
        "leavers_count": "12",
        "emails_percent": "20",
        "emails_count": "5",
    }
    told = usual | {"overlap_percent": "50", "vanished": "on"}
    assert "Saved. The next run" in words(admin.post(address, told, follow=True))
    assert limits.of_school(school)[:2] == (8.0, 12)
    asked = words(admin.post(address, told | {"emails_percent": ""}))
    assert "has to be confirmed a second time" in asked and "Yes, switch this guard off" in asked
    assert limits.of_school(school).emails_percent == 20
    admin.post(address, told | {"emails_percent": "", "confirmed": "yes"})
    assert limits.of_school(school).emails_percent is None
    assert AuditEntry.objects.filter(action="limits.switched_off", actor__isnull=False).count() == 1
    assert "Write a number" in words(admin.post(address, told | {"leavers_percent": "many"}))


def test_limits_are_wider_for_some_days_and_that_is_taken_back(
    admin: Client, school: School
) -> None:
    address = reverse("limits", args=[school.pk])
    wide = {
        "action": "widen",
        "first_day": "2027-07-01",
        "last_day": "2027-08-20",
        "wide-leavers_percent": "30",
    }
    assert "Saved. Runs on these days" in words(admin.post(address, wide, follow=True))
    row = LimitWidening.objects.get()
    assert row.figures == {"leavers_percent": 30.0}
    assert "Missing students, more than this percentage: 30" in words(admin.get(address))
    assert "has to be the first one or later" in words(
        admin.post(address, wide | {"last_day": "2027-06-01"})
    )
    assert "Removed." in words(
        admin.post(address, {"action": "end", "widening": row.pk}, follow=True)
    )
    assert not LimitWidening.objects.exists()


def test_typed_limits_stay_in_the_page_after_an_error(admin: Client, school: School) -> None:
    address = reverse("limits", args=[school.pk])
    typed = {"action": "widen", "first_day": "2027-07-01", "wide-leavers_percent": "7,5 %"}
    page = words(admin.post(address, typed))
    assert "Choose the last day." in page
    assert 'value="2027-07-01"' in page and 'value="7,5 %"' in page
    assert not LimitWidening.objects.exists()
    admin.post(address, typed | {"last_day": "2027-08-20"})
    assert LimitWidening.objects.get().figures == {"leavers_percent": 7.5}


def test_a_thousand_with_a_dot_is_not_taken_for_one(admin: Client, school: School) -> None:
    address = reverse("limits", args=[school.pk])
    page = words(admin.post(address, {"action": "save", "leavers_count": "1.000"}))
    assert "Write a number" in page
    assert limits.of_school(school).leavers_count == 5


def test_a_run_of_its_own_is_held_against_wider_limits(
    admin: Client, integration: Integration
) -> None:
    address = reverse("limits", args=[integration.school_id])
    once = {
        "action": "once",
        "source": "powerschool",
        "once-leavers_percent": "30",
        "once-vanished": "on",
    }
    assert "Change at least one limit for this run." in words(
        admin.post(address, {"action": "once", "source": "powerschool"})
    )
    assert "Percentages go from 0 to 100" in words(
        admin.post(address, once | {"once-leavers_percent": "300"})
    )
    assert not Run.objects.exists()
    page = words(admin.post(address, once, follow=True))
    run = Run.objects.get()
    assert run.settings["wider"] == {"leavers_percent": 30.0, "vanished": False}
    assert limits.of_run(run) == limits.of_school(run.school)._replace(
        leavers_percent=30.0, vanished=False
    )
    assert "Waiting" in page or "queued" in page
    Run.objects.update(state=RunState.DONE, counts={"read": 1})
    assert (
        "This run used its own limits: Missing students, more than this percentage: 30"
        in strip_tags(
            words(admin.get(reverse("run", args=[run.school_id, run.pk]))).replace(
                "</p><ul><li>", " "
            )
        )
    )
    assert AuditEntry.objects.get(action="run.limits_widened").detail == run.settings["wider"]


def test_a_held_run_is_done_over_with_wider_limits_or_stays(admin: Client, held: Run) -> None:
    address = reverse("limits", args=[held.school_id])
    shown = words(admin.get(address, {"held": str(held.pk)}))
    assert (
        "The run on hold is discarded first" in shown
        and "138 of 1,240 students are missing" in shown
    )
    assert "discarded first" not in words(admin.get(address, {"held": "nonsense"}))
    once = {
        "action": "once",
        "source": "powerschool",
        "held": str(held.pk),
        "once-leavers_percent": "30",
    }
    refused = words(admin.post(address, once | {"once-leavers_percent": "300"}))
    assert "Percentages go from 0 to 100" in refused and 'value="300"' in refused
    Integration.objects.update(active=False)
    assert admin.post(address, once).status_code == 404
    held.refresh_from_db()
    assert held.state == RunState.ON_HOLD
    Integration.objects.update(active=True)
    for _click in range(2):
        admin.post(address, once)
    states = dict(Run.objects.values_list("state", "settings__wider"))
    assert states == {RunState.DISCARDED: None, RunState.QUEUED: {"leavers_percent": 30.0}}


def test_the_people_concerned_are_narrowed_by_class_and_kind_of_change(
    admin: Client, held: Run, inside: Command
) -> None:
    for number, (name, grade) in enumerate([("Grace", "11"), ("Alan", "12"), ("Edsger", "12")]):
        named = {
            "school": held.school,
            "first_name": name,
            "last_name": "Test",
            "grade_level": grade,
            "graduation_year": 2027,
        }
        account = StudentAccount.objects.create(
            **named, email=f"s{number}@x.example", email_key=f"s{number}@x.example"
        )
        row: dict[str, Any] = {
            "school_id": held.school_id,
            "run": held,
            "first_name": name,
            "last_name": "Test",
            "email": account.email,
        }
        Change.objects.create(
            **row, kind="not_in_roster", sis_id=f"9{number}", account_id=account.pk
        )
    address = reverse("run", args=[held.school_id, held.pk])
    asked = {"tab": "updated", "only": "not_in_roster", "class": "grade 12"}
    page = words(admin.get(address, asked))
    assert page.index("Grade 11") < page.index("Grade 12")
    assert all(name in page for name in ("Alan Test", "Edsger Test")) and "Grace Test" not in page
    assert "Edsger Test" not in words(admin.get(address, asked | {"q": "alan"}))
    assert "Grace Test" in words(admin.get(address, asked | {"class": "nonsense"}))
    narrowed = ("--kind", "not_in_roster", "--class", "grade 12")
    assert inside("changes", str(held.pk), *narrowed, "--json").json["total"] == 2
    assert (
        inside("changes", str(held.pk), *narrowed, "--search", "alan", "--json").json["changes"][0][
            "name"
        ]
        == "Alan Test"
    )
    assert inside("changes", str(held.pk), "--kind", "email_changed", "--json").json["total"] == 1
    assert "approve --additions-only: Applied at once: 1 account updated." in inside("holds").out
