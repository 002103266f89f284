"""Editing a student, keeping a value, protection, never import, and who wins a field."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import AuditEntry
from rollbook.students.models import AccountEvent, NeverImport, Protection, StudentAccount
from rollbook.sync.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(connected: Integration) -> StudentAccount:
    return StudentAccount.objects.create(
        school=connected.school,
        source=connected.source,
        sis_id="7",
        email="ada@lincoln.example",
        email_key="ada@lincoln.example",
        first_name="Ada",
        last_name="Byron",
        graduation_year=2028,
    )


def typed(account: StudentAccount, **said: str) -> dict[str, str]:
    held = {
        "email": account.email,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "graduation_year": "2028",
    }
    return held | {"version": str(account.version)} | said


def test_a_value_is_edited_and_kept_and_let_go_again(admin: Client, ada: StudentAccount) -> None:
    address = reverse("student-edit", args=[ada.school_id, ada.pk])
    assert "Keep this value" in admin.get(address).content.decode()
    shown = admin.post(
        address, typed(ada, last_name="King", keep="last_name"), follow=True
    ).content.decode()
    ada.refresh_from_db()
    assert (ada.last_name, list(ada.locks.values_list("field", flat=True))) == (
        "King",
        ["last_name"],
    )
    assert "Kept by hand" in shown
    assert "By hand" in shown
    assert (
        'Stop keeping this value<span class="visually-hidden">: Last name<'
        in admin.get(address).content.decode()
    )
    admin.post(address, {"unlock": "last_name"})
    assert not ada.locks.exists()


def test_a_sis_id_is_corrected_and_never_kept_emptied_or_taken_from_another_student(
    admin: Client, ada: StudentAccount
) -> None:
    values = {"email": "eve@lincoln.example", "email_key": "eve@lincoln.example"}
    StudentAccount.objects.create(
        school=ada.school, source=ada.source, sis_id="8", first_name="Eve", last_name="Ko", **values
    )
    address = reverse("student-edit", args=[ada.school_id, ada.pk])
    shown = admin.get(address).content.decode()
    assert 'name="sis_id"' in shown and "keep-sis_id" not in shown
    taken = admin.post(address, typed(ada, sis_id="8")).content.decode()
    assert "Eve Ko has this SIS ID" in taken
    assert "can&#x27;t be empty" in admin.post(address, typed(ada, sis_id=" ")).content.decode()
    ada.refresh_from_db()
    assert (ada.sis_id, ada.version) == ("7", 1)
    admin.post(address, typed(ada, sis_id=" 70 "))
    ada.refresh_from_db()
    assert (ada.sis_id, ada.source_fingerprint) == ("70", None)
    event = AccountEvent.objects.get(account=ada)
    assert (event.before, event.after) == ({"sis_id": "7"}, {"sis_id": "70"})
    assert AuditEntry.objects.get(action="student.edited").detail["fields"] == ["sis_id"]


def test_an_error_stands_at_its_field_and_nothing_is_written(
    admin: Client, ada: StudentAccount
) -> None:
    page = admin.post(
        reverse("student-edit", args=[ada.school_id, ada.pk]), typed(ada, email="no address")
    ).content.decode()
    assert re.search(r'id="id_email_error".*?This is not an e-mail address', page, re.S)
    assert not AccountEvent.objects.exists()


def test_who_saw_an_older_account_writes_nothing(admin: Client, ada: StudentAccount) -> None:
    address = reverse("student-edit", args=[ada.school_id, ada.pk])
    admin.post(address, typed(ada, last_name="King"))
    page = admin.post(address, typed(ada, first_name="Augusta")).content.decode()
    assert "Somebody changed this account" in page
    assert AccountEvent.objects.count() == 1


def test_an_account_is_protected_and_released(admin: Client, ada: StudentAccount) -> None:
    address = reverse("student-protect", args=[ada.school_id, ada.pk])
    assert "This day is over" in admin.post(address, {"until": "2020-01-01"}).content.decode()
    page = admin.post(address, {"reason": "Court order"}, follow=True).content.decode()
    assert "Protected from sync" in page
    assert "Court order" in page
    admin.post(address, {"action": "end"})
    assert not Protection.objects.exists()


def test_somebody_is_never_imported_and_allowed_again(admin: Client, ada: StudentAccount) -> None:
    address = reverse("never-import", args=[ada.school_id])
    assert "Give a SIS ID or an e-mail" in admin.post(address, {"reason": "?"}).content.decode()
    page = admin.post(
        address, {"sis_id": "9", "reason": "test record"}, follow=True
    ).content.decode()
    assert "test record" in page
    admin.post(reverse("allow-import", args=[ada.school_id, NeverImport.objects.get().pk]))
    assert not NeverImport.objects.exists()


def test_who_wins_a_field_is_chosen_in_the_mapping(admin: Client, connected: Integration) -> None:
    address = reverse("select-mapping", args=[connected.school_id, connected.pk])
    rows = [f"{theirs}:{ours}" for theirs, ours in connected.mapping]
    page = admin.post(address, {"row": rows, "rule-email": "app", "add": rows[0]}).content.decode()
    assert re.search(r'name="rule-email".*?value="app" selected', page, re.S), (
        "a choice survives adding and removing rows"
    )
    admin.post(
        address, {"row": rows, "rule-email": "app", "rule-gender": "clears", "action": "save"}
    )
    connected.refresh_from_db()
    assert connected.field_rules == {"email": {"wins": "app"}, "gender": {"blank_clears": True}}
    assert connected.mapping_version == 2
    refused = admin.post(
        address, {"row": rows, "rule-email": "clears", "action": "save"}
    ).content.decode()
    assert "A blank never clears a required field" in refused


@pytest.mark.parametrize("name", ["student-edit", "never-import", "leavers"])
def test_a_counselor_changes_no_rule(
    counselor_client: Client, elsewhere: Client, ada: StudentAccount, name: str
) -> None:
    more = {"student-edit": [str(ada.pk)], "leavers": [ada.source]}.get(name, [])
    address = reverse(name, args=[ada.school_id, *more])
    assert (counselor_client.get(address).status_code, elsewhere.get(address).status_code) == (
        403,
        404,
    )


def test_the_rule_for_leavers_is_chosen(admin: Client, connected: Integration) -> None:
    address = reverse("leavers", args=[connected.school_id, connected.source])
    assert "List them" in admin.get(address).content.decode()
    said = {"policy": "deactivate", "runs": "4", "days": "14", "rollover": "06-15"}
    assert (
        "Write month and day" in admin.post(address, said | {"rollover": "summer"}).content.decode()
    )
    admin.post(address, said)
    connected.refresh_from_db()
    assert connected.leavers == {"policy": "deactivate", "runs": 4, "days": 14, "rollover": "06-15"}


def test_a_pause_shows_in_the_next_runs_and_is_taken_back(
    admin: Client, connected: Integration
) -> None:
    address = reverse("pauses", args=[connected.school_id, connected.source])
    assert (
        "The last day comes before"
        in admin.post(address, {"first": "2030-02-02", "last": "2030-02-01"}).content.decode()
    )
    page = admin.post(
        address, {"first": "2020-01-01", "last": "2099-12-31", "name": "Summer"}, follow=True
    ).content.decode()
    assert page.count("Skipped: Summer until 31 Dec 2099") == 3
    page = admin.post(address, {"remove": "2020-01-01/2099-12-31"}, follow=True).content.decode()
    assert "Summer until" not in page
    again = admin.post(address, {"remove": "2020-01-01/2099-12-31"}, follow=True).content.decode()
    assert "was removed" not in again and "field is required" not in again, "a second click"
