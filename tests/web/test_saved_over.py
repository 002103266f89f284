"""A form of settings from an old tab is not saved over newer settings; the page shows both."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sync.mail import choices
from rollbook.sync.models import Integration
from rollbook.sync.setup import credentials, field_rules, limits, schedules
from rollbook.sync.setup.integrations import save_mapping

pytestmark = pytest.mark.django_db

REFUSED = "Nothing was saved: these settings were changed after you opened this page."
STEP_1_1 = {
    "source": "powerschool",
    "credential-client_id": "our-id",
    "credential-client_url": "https://ps.lincoln.example",
    "grades": ["9", "10"],
    "active": "on",
    "test_run": "on",
    "notify_on_errors": "on",
    "action": "next",
}


def opened(admin: Client, address: str) -> str:
    """Open a page as a second tab does, and return the version that it was shown with."""
    page = admin.get(address).content.decode()
    return version_in(page)


def version_in(page: str) -> str:
    return str(re.findall(r'name="settings_version" value="(\w+)"', page)[0])


def shown(page: str, label: str) -> tuple[str, str]:
    """Return what the page shows as saved and as sent for a setting; "" is empty."""
    row = re.search(rf"<dt>{re.escape(label)}</dt>(.*?)</div>", page, re.S)
    assert row, label
    before, after = row[1].split("after:")
    texts = [re.search(r"<(?:del|ins)>(.*?)</", half) for half in (before, after)]
    return tuple(text[1] if text else "" for text in texts)  # type: ignore[return-value]


def test_an_old_tab_does_not_switch_test_run_back(
    admin: Client, school: School, connected: Integration
) -> None:
    address = reverse("configure-sis", args=[school.pk])
    old = opened(admin, address)
    admin.post(address, STEP_1_1 | {"settings_version": old, "active": ""})
    connected.refresh_from_db()
    assert not connected.active
    page = admin.post(address, STEP_1_1 | {"settings_version": old}).content.decode()
    assert REFUSED in page
    assert shown(page, "Active") == ("Off", "On")
    connected.refresh_from_db()
    assert not connected.active
    newest = version_in(page)
    admin.post(address, STEP_1_1 | {"settings_version": newest})
    connected.refresh_from_db()
    assert connected.active, "sent again, it replaces what was saved meanwhile"


def test_a_secret_that_was_replaced_meanwhile_stays(
    admin: Client, school: School, connected: Integration
) -> None:
    address = reverse("configure-sis", args=[school.pk])
    old = opened(admin, address)
    credentials.store(connected, "client_secret", "from-the-other-tab")
    typed = {"settings_version": old, "credential-client_secret": "from-this-tab"}
    page = admin.post(address, STEP_1_1 | typed).content.decode()
    assert shown(page, "Client Secret") == ("Stored, never shown", "The one that you typed")
    assert credentials.load(connected)["client_secret"] == "from-the-other-tab"
    assert "from-this-tab" not in page


def test_a_sis_that_was_connected_meanwhile_stays(admin: Client, school: School) -> None:
    address = reverse("configure-sis", args=[school.pk])
    old = opened(admin, address)
    typed = STEP_1_1 | {"settings_version": old, "credential-client_secret": "one"}
    first = Integration.objects.create(school=school, source="powerschool", grades=[1])
    page = admin.post(address, typed).content.decode()
    assert REFUSED in page
    assert shown(page, "Grades") == ("1", "9, 10")
    first.refresh_from_db()
    assert first.grades == [1]


def test_the_same_values_are_saved_from_an_old_tab(
    admin: Client, school: School, connected: Integration
) -> None:
    address = reverse("configure-sis", args=[school.pk])
    old = opened(admin, address)
    admin.post(address, STEP_1_1 | {"settings_version": old, "active": ""})
    again = admin.post(address, STEP_1_1 | {"settings_version": old, "active": ""})
    assert again.status_code == 302


def test_a_mapping(admin: Client, school: School, connected: Integration) -> None:
    address = reverse("select-mapping", args=[school.pk, connected.pk])
    old = opened(admin, address)
    rows = [":".join(pair) for pair in connected.mapping]
    fewer = [pair for pair in map(tuple, connected.mapping) if "gender" not in pair]
    save_mapping(connected, None, fewer)
    sent = {"row": rows, "action": "save", "settings_version": old, "rule-last_name": "app"}
    page = admin.post(address, sent).content.decode()
    assert REFUSED in page
    assert "gender" not in shown(page, "Imported fields")[0]
    assert "gender" in shown(page, "Imported fields")[1]
    connected.refresh_from_db()
    assert len(connected.mapping) == len(rows) - 1
    assert "Remove Gender" in page, "what was sent is still in the form"


def test_a_mapping_keeps_its_version_when_a_row_is_removed(
    admin: Client, school: School, connected: Integration
) -> None:
    address = reverse("select-mapping", args=[school.pk, connected.pk])
    old = opened(admin, address)
    field_rules.save_field_rules(connected, None, app_wins={"gender"}, blank_clears=set())
    rows = [":".join(pair) for pair in connected.mapping]
    part = admin.post(address, {"row": rows, "remove": rows[-1], "settings_version": old})
    assert f'value="{old}"' in part.content.decode()


def change_schedule(integration: Integration) -> None:
    typed = schedules.checked(enabled=True, days=[0], times=["05:00"], zone="Asia/Tokyo")
    schedules.save(integration, None, typed)


def change_leavers(integration: Integration) -> None:
    policy = field_rules.leavers_of(integration)
    field_rules.save_leavers(
        integration, None, field_rules.LeaversPolicy(**policy._asdict() | {"days": 77})
    )


def change_limits(integration: Integration) -> None:
    limits.save(integration.school, None, {"leavers_percent": 7.5})


def change_school(integration: Integration) -> None:
    School.objects.update(name="Lincoln Academy")


def change_notices(integration: Integration) -> None:
    membership = integration.school.memberships.get()
    choices.choose(membership, ["changes"])


def change_freeing(integration: Integration) -> None:
    School.objects.update(free_emails_after=3)


SCHEDULE = {"enabled": "on", "rhythm": "weekly", "days": ["2"], "times": ["03:00"]}


class Case(NamedTuple):
    """A page of settings: what changes meanwhile, what is sent, and one setting with both."""

    name: str
    change: Callable[[Integration], None]
    sent: dict[str, Any]
    label: str
    both: tuple[str, str] | None


@pytest.mark.parametrize(
    "case",
    [
        Case(
            "schedule",
            change_schedule,
            SCHEDULE | {"timezone": "UTC", "action": "save"},
            "Times",
            ("05:00", "03:00"),
        ),
        Case(
            "leavers",
            change_leavers,
            {"policy": "list", "runs": "3", "days": "30", "rollover": "07-01"},
            "Days without the student",
            ("77", "30"),
        ),
        Case(
            "limits",
            change_limits,
            {"leavers_percent": "9", "vanished": "on", "action": "save"},
            "Missing students, more than this percentage",
            ("7.5", "9"),
        ),
        Case(
            "school-settings",
            change_school,
            {"name": "Lincoln Middle School", "timezone": "America/New_York"},
            "Name of the school",
            ("Lincoln Academy", "Lincoln Middle School"),
        ),
        Case(
            "freed-emails",
            change_freeing,
            {"rule": "after", "free_emails_after": "5"},
            "Days since the account was closed",
            ("3", "5"),
        ),
        Case(
            "notifications",
            change_notices,
            {"events": ["failed"]},
            "Send me mail when",
            None,
        ),
    ],
    ids=lambda case: case.name,
)
def test_other_settings(admin: Client, school: School, connected: Integration, case: Case) -> None:
    more = ["powerschool"] if case.name in {"schedule", "leavers"} else []
    address = reverse(case.name, args=[school.pk, *more])
    old = opened(admin, address)
    case.change(connected)
    newest = opened(admin, address)
    assert newest != old
    page = admin.post(address, case.sent | {"settings_version": old}).content.decode()
    assert REFUSED in page
    if case.both:
        assert shown(page, case.label) == case.both
    else:
        assert all(shown(page, case.label))
    assert opened(admin, address) == newest, "nothing was saved"
    assert newest in page, "sent again, it is saved"
    admin.post(address, case.sent | {"settings_version": newest})
    assert opened(admin, address) != newest
