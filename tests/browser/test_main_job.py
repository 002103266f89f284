"""The main job on the screens: connect, test run, sync, report; next week once more."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from python_calamine import CalamineWorkbook

from rollbook.standins.standin import StandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Run
from tests.browser.conftest import Visit, connect, enter_credentials
from tests.browser.ways import WAYS, Way
from tests.processes import Started

pytestmark = pytest.mark.django_db(transaction=True)


def chosen(sis: StandIn) -> dict[str, tuple[str, str]]:
    """The SIS's active students of grades 9 to 12: last name and e-mail by id."""
    return {
        str(student.dcid): (student.last_name, student.email)
        for student in sis.roster()
        if student.enroll_status == 0 and 9 <= student.grade_level <= 12
    }


def finished(page: Page, words: str = "Finished") -> None:
    expect(page.locator("#run > p .badge")).to_have_text(words)


def tile(page: Page, name: str) -> str:
    return (
        page.locator(".tile", has=page.get_by_text(name, exact=True))
        .locator("dd")
        .inner_text()
        .split("\n")[0]
    )


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Parts of the report").get_by_role(
        "link", name=name
    ).click()


@pytest.mark.parametrize("way", WAYS, ids=[way.name for way in WAYS], indirect=True)
def test_connect_rehearse_sync_and_read_the_report(
    visit: Visit, worker: Started, sis: StandIn, way: Way
) -> None:
    page = visit()
    to_the_upload_page(page)
    connect(page, sis, way, test_run=True)
    select_the_mapping(page, way)
    rehearse(page, sis, way)
    sync_for_real(page, sis, way)
    three_things_agree(page, sis)
    sync_again_without_changes(page)
    sync_next_week(page, sis)
    look_at_the_history(page, way)


def to_the_upload_page(page: Page) -> None:
    """Profile picture (top right) > Account > Upload."""
    page.get_by_role("button", name="Profile").click()
    page.get_by_text("Account", exact=True).click()
    page.locator("#profile-menu").get_by_role("link", name="Upload", exact=True).click()
    for card in ("Import Users", "Start Setup and Integrate", "Upload & Integration History"):
        expect(page.get_by_role("heading", name=card)).to_be_visible()


def names(row: Locator) -> list[str]:
    """The SIS field of a row: its label, and below it the field's own name where that differs."""
    shown = row.locator(":scope > span").first.inner_text().splitlines()
    return [
        name.removesuffix("(required)").rstrip(" *")
        for name in shown
        if name.strip() not in {"", "*", "(required)"}
    ]


def select_the_mapping(page: Page, way: Way) -> None:
    """Required rows have a * and no x, optional ones an x and no *."""
    rows = page.locator("li.mapping-row")
    required = rows.filter(has=page.get_by_text("*", exact=True))
    optional = rows.filter(has=page.get_by_role("button", name="Remove"))
    assert [names(row)[-1] for row in required.all()] == list(way.required)
    assert [names(row)[0] for row in optional.all()] == list(way.optional)
    expect(required.get_by_role("button")).to_have_count(0)
    expect(rows).to_have_count(len(way.required) + len(way.optional))
    page.get_by_role("button", name="Remove Date of birth").click()
    add_back = page.get_by_role("button", name="Add Date of birth")
    expect(add_back).to_be_focused()
    add_back.click()
    page.get_by_role("button", name="Remove Date of birth").click()
    expect(page.get_by_role("button", name="Remove Date of birth")).to_have_count(0)


def rehearse(page: Page, sis: StandIn, way: Way) -> None:
    """Test Run on: the report says what would happen, and no account is changed."""
    sis.latency = 0.8
    page.get_by_role("button", name="Save & Trigger Now").click()
    expect(page.get_by_role("heading", name=f"Test {way.uploader_type}")).to_be_visible()
    watch(page, way)
    sis.latency = 0
    finished(page)
    expect(page.get_by_text("This was a test run: no account was changed.").first).to_be_visible()
    assert tile(page, "New") == f"{len(chosen(sis)):,}"
    assert not StudentAccount.objects.exists()


def watch(page: Page, way: Way) -> None:
    """Progress is seen while it works, and only the change of stage is announced."""
    expect(page.get_by_text("You can close this page")).to_be_visible()
    expect(page.locator("progress")).to_be_visible()
    expect(page.get_by_text(re.compile(way.progress))).to_be_visible()
    expect(page.locator("#announce")).to_have_text("Finished")
    assert "Finished" in page.title()


def sync_for_real(page: Page, sis: StandIn, way: Way) -> None:
    page.get_by_role("link", name="Integrations").click()
    expect(page.get_by_text("Stored, never shown")).to_be_visible()
    assert way.typed[way.secret](sis) not in page.content()
    page.get_by_label("Test Run").uncheck()
    page.get_by_role("button", name="Next Step").click()
    expect(page.get_by_role("button", name="Add Date of birth")).to_be_visible()
    page.get_by_role("button", name="Save & Trigger Now").click()
    expect(page.get_by_role("heading", name=way.uploader_type, exact=True)).to_be_visible()
    finished(page)
    assert (tile(page, "New"), tile(page, "Errors")) == (f"{len(chosen(sis)):,}", "0")


def three_things_agree(page: Page, sis: StandIn) -> None:
    """The SIS's own list, the accounts, and the Excel file read back with another library."""
    truth = chosen(sis)
    accounts = {
        account.sis_id: (account.last_name, account.email)
        for account in StudentAccount.objects.all()
    }
    assert accounts == truth
    assert not StudentAccount.objects.filter(birth_date__isnull=False).exists(), (
        "date of birth was removed from the mapping"
    )
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Excel report").click()
    workbook = CalamineWorkbook.from_filelike(BytesIO(Path(waiting.value.path()).read_bytes()))
    head, *rows = workbook.get_sheet_by_name("New").to_python()
    sis_id, last_name, email = (head.index(name) for name in ("SIS ID", "Last name", "E-mail"))
    assert {str(row[sis_id]): (row[last_name], row[email]) for row in rows} == truth


def trigger_from_the_history(page: Page) -> None:
    page.get_by_role("link", name="Sync history").click()
    page.get_by_role("button", name="Trigger now").click()
    finished(page)


def sync_again_without_changes(page: Page) -> None:
    trigger_from_the_history(page)
    assert (tile(page, "New"), tile(page, "Updated"), tile(page, "Errors")) == ("0", "0", "0")
    expect(page.get_by_text("Nothing changed: every account was in step already.")).to_be_visible()


def sync_next_week(page: Page, sis: StandIn) -> None:
    """Joiners are New; new names are shown before → after."""
    before = chosen(sis)
    sis.week = 2
    after = chosen(sis)
    trigger_from_the_history(page)
    joined = after.keys() - before.keys()
    renamed = {
        sis_id for sis_id in after.keys() & before.keys() if after[sis_id][0] != before[sis_id][0]
    }
    assert joined
    assert renamed
    open_tab(page, "New")
    expect(page.locator("#rows tbody tr")).to_have_count(min(25, len(joined)))
    open_tab(page, "Existing & Update")
    sis_id = min(renamed)
    search = page.get_by_label("Search by name")
    search.press_sequentially("nobody is called this")
    expect(page.get_by_text("No rows match")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?(.*&)?s=[\w-]+"))
    search.fill(after[sis_id][1])
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(search).to_be_focused()
    row = page.locator("#rows tbody tr")
    expect(row.locator("del", has_text=before[sis_id][0])).to_be_visible()
    expect(row.locator("ins", has_text=after[sis_id][0])).to_be_visible()


def look_at_the_history(page: Page, way: Way) -> None:
    page.get_by_role("link", name="Sync history").click()
    kinds = page.locator("tbody th").all_inner_texts()
    assert kinds == [way.uploader_type] * 3 + [f"Test {way.uploader_type}"]
    assert Run.objects.count() == 4


def test_a_double_click_starts_one_run(visit: Visit, sis: StandIn) -> None:
    page = visit()
    connect(page, sis)
    page.get_by_role("button", name="Save & Trigger Now").dblclick()
    expect(page.get_by_role("heading", name="PowerSchool Student")).to_be_visible()
    assert Run.objects.count() == 1


def test_a_wrong_secret_is_noticed_before_anything_is_saved(visit: Visit, sis: StandIn) -> None:
    page = visit()
    enter_credentials(page, sis, secret="not-the-secret-of-this-school")
    page.get_by_role("button", name="High (9–12)").click()
    page.get_by_role("button", name="Next Step").click()
    test = page.locator("#connection-test")
    expect(test).to_contain_text("Client Secret")
    expect(test).to_contain_text("What to do:")
    expect(test).to_contain_text("Nothing was saved.")
    assert not Integration.objects.exists()
    page.reload()
    assert "not-the-secret-of-this-school" not in page.content()
    assert not StudentAccount.objects.exists()
