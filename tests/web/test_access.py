"""Who may open what; what every answer carries."""

import pytest
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School, User
from rollbook.sync.models import Integration, RunState
from tests.web.conftest import SECRET, MakeRun

pytestmark = pytest.mark.django_db

READ = ("upload", "history", "run", "run-progress", "notifications")
MANAGE_GET = ("configure-sis", "select-mapping", "schedule")
MANAGE_POST = ("trigger", "approve", "discard")


@pytest.fixture
def addresses(school: School, connected: Integration, make_run: MakeRun) -> dict[str, str]:
    run = make_run(RunState.ON_HOLD)
    return {
        "upload": reverse("upload", args=[school.pk]),
        "history": reverse("history", args=[school.pk]),
        "configure-sis": reverse("configure-sis", args=[school.pk]),
        "select-mapping": reverse("select-mapping", args=[school.pk, connected.pk]),
        "schedule": reverse("schedule", args=[school.pk, connected.source]),
        "notifications": reverse("notifications", args=[school.pk]),
        "trigger": reverse("trigger", args=[school.pk, connected.pk]),
        "run": reverse("run", args=[school.pk, run.pk]),
        "run-progress": reverse("run-progress", args=[school.pk, run.pk]),
        "report": reverse("report", args=[school.pk, run.pk]),
        "approve": reverse("approve", args=[school.pk, run.pk]),
        "discard": reverse("discard", args=[school.pk, run.pk]),
    }


def test_nobody_gets_in_without_signing_in(client: Client, addresses: dict[str, str]) -> None:
    for name in (*READ, *MANAGE_GET, "report"):
        response = client.get(addresses[name])
        assert response.status_code == 302, name
        assert response["Location"].startswith(reverse("sign-in")), name
    for name in MANAGE_POST:
        assert client.post(addresses[name]).status_code == 302, name


def test_a_part_of_a_page_is_not_replaced_by_the_sign_in_page(
    client: Client, addresses: dict[str, str]
) -> None:
    response = client.get(addresses["run-progress"], headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == reverse("sign-in")


def test_another_school_is_not_found(elsewhere: Client, addresses: dict[str, str]) -> None:
    for name in (*READ, *MANAGE_GET, "report"):
        assert elsewhere.get(addresses[name]).status_code == 404, name
    for name in MANAGE_POST:
        assert elsewhere.post(addresses[name]).status_code == 404, name


def test_another_schools_things_are_not_found_under_ones_own_school(
    elsewhere: Client, connected: Integration, make_run: MakeRun
) -> None:
    own, run = School.objects.get(name="Other School"), make_run(RunState.ON_HOLD)
    for name in ("run", "run-progress", "report"):
        assert elsewhere.get(reverse(name, args=[own.pk, run.pk])).status_code == 404, name
    for name in ("approve", "discard"):
        assert elsewhere.post(reverse(name, args=[own.pk, run.pk])).status_code == 404, name
    assert elsewhere.get(reverse("select-mapping", args=[own.pk, connected.pk])).status_code == 404
    assert elsewhere.post(reverse("trigger", args=[own.pk, connected.pk])).status_code == 404
    run.refresh_from_db()
    assert run.state == RunState.ON_HOLD


def test_a_counselor_reads_reports_and_triggers_nothing(
    counselor_client: Client, addresses: dict[str, str]
) -> None:
    for name in READ:
        page = counselor_client.get(addresses[name])
        assert page.status_code == 200, name
        for word in ("Trigger now", "Approve all", "Integrations", "our-id", SECRET):
            assert word not in page.content.decode(), (name, word)
    for name in MANAGE_GET:
        assert counselor_client.get(addresses[name]).status_code == 403, name
    for name in MANAGE_POST:
        response = counselor_client.post(addresses[name])
        assert response.status_code == 403, name
        assert "Nothing was changed" in response.content.decode()


def test_what_changes_something_is_a_post(admin: Client, addresses: dict[str, str]) -> None:
    for name in MANAGE_POST:
        assert admin.get(addresses[name]).status_code == 405, name


def test_a_post_without_its_token_is_refused(
    school: School, administrator: User, addresses: dict[str, str]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(administrator)
    response = strict.post(addresses["trigger"])
    assert response.status_code == 403
    assert "Please send that again" in response.content.decode()


def test_every_page_forbids_inline_scripts_and_other_origins(
    admin: Client, addresses: dict[str, str]
) -> None:
    for address in (
        reverse("sign-in"),
        *(addresses[name] for name in (*READ, *MANAGE_GET)),
        "/nowhere/",
    ):
        policy = admin.get(address)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


def test_pages_of_a_school_are_not_kept_by_caches(admin: Client, addresses: dict[str, str]) -> None:
    for name in READ:
        assert "no-store" in admin.get(addresses[name])["Cache-Control"]


def test_a_page_that_is_not_there_says_so_in_the_products_look(admin: Client) -> None:
    response = admin.get("/nowhere/")
    assert response.status_code == 404
    assert (
        "This page isn&#x27;t here" in response.content.decode()
        or "This page doesn't exist" in response.content.decode()
    )
