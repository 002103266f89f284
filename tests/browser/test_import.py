"""Import Users on the screens: by keyboard alone, with faults that are corrected on the way."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import FileChooser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.uploads import drafts, previews
from tests.browser.conftest import PATIENCE, Visit
from tests.browser.looking import look, tab_to
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.schools.models import School

pytestmark = pytest.mark.django_db(transaction=True)

LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
FILE = (
    "New students of this year;;;;;;\n"
    "Student number;Given name;Surname;School e-mail;Class of;Born;Active\n"
    "00123;Zoë;Müller;zoe@x.example;2030;31/12/2011;TRUE\n"
    "00124;Grace;Hopper;grace@x.example;2029;01/02/2011;TRUE\n"
    "00125;Alan;Turing;not an address;2029;03/04/2010;TRUE\n"
    f"00126;{LONG};Noether;emmy@x.example;;07/08/2010;ja\n"
)


def press(page: Page, name: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")


def choose(page: Page, file: Path) -> None:
    """By the keyboard: the field is a file input, which Enter opens."""
    page.wait_for_load_state()  # a field that is still being set up takes no key
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "file":
            break
    expect(page.locator("#file")).to_be_focused()
    opened(page).set_files(file)
    expect(page.locator("#announce")).to_have_text(file.name)


def opened(page: Page) -> FileChooser:
    """Press Enter until the file chooser opens: a very busy browser drops a key now and then."""
    for _ in range(PATIENCE // 5_000):
        with suppress(PlaywrightTimeout):
            with page.expect_file_chooser(timeout=5_000) as chooser:
                page.keyboard.press("Enter")
            return chooser.value
    pytest.fail("Enter opens no file chooser")


def test_the_whole_way_with_the_keyboard_alone(
    visit: Visit, school: "School", worker: Started, tmp_path: Path
) -> None:
    file = tmp_path / "students.csv"
    file.write_text(FILE)
    page = visit()
    press(page, "Choose a file")
    page.get_by_role("heading", name="Choose a file").wait_for()
    choose(page, file)
    press(page, "Next Step")
    page.get_by_role("heading", name="Import Users: settings").wait_for()
    expect(page.get_by_label("Day, month, year")).to_be_checked()
    expect(page.get_by_text("31/12/2011 can only be 31 December 2011")).to_be_visible()
    press(page, "Next Step")
    page.get_by_role("heading", name="Import Users: match columns").wait_for()
    expect(page.get_by_label("Column B, Given name, fills")).to_have_value("first_name")
    press(page, "Preview")
    page.get_by_role("heading", name="Import Users: preview & confirm").wait_for()
    expect(page.get_by_text("Nothing is written before you confirm.")).to_be_visible()
    assert not StudentAccount.objects.exists()
    tab_to(page, "Correct value, row 5, column D")
    page.keyboard.press("Control+a")
    page.keyboard.type("alan@x.example")
    press(page, "Check again")
    expect(page.get_by_role("link", name="Confirm: 3 new")).to_be_visible()
    press(page, "Confirm: 3 new")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 accounts were created.")).to_be_visible()
    assert set(StudentAccount.objects.values_list("student_number", "first_name")) == {
        ("00123", "Zoë"),
        ("00124", "Grace"),
        ("00125", "Alan"),
    }


def test_the_failing_rows_are_mended_and_go_in_without_setting_anything(
    visit: Visit, school: "School", worker: Started, tmp_path: Path
) -> None:
    file, mended = tmp_path / "students.csv", tmp_path / "mended.csv"
    file.write_text(FILE)
    page = visit()

    def to_preview(path: Path) -> None:
        page.goto(page.url.split("/schools/")[0] + f"/schools/{school.pk}/import/")
        page.locator("#file").set_input_files(path)
        for _ in range(2):
            page.get_by_role("button", name="Next Step").last.click()
        if path == file:
            page.get_by_label("“ja”").select_option("TRUE")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("Nothing is written before you confirm.")).to_be_visible()

    def confirm(words: str) -> None:
        page.get_by_role("link", name=words).click()
        page.get_by_role("dialog").get_by_role("button", name="Confirm").click()

    to_preview(file)
    confirm("Confirm: 2 new")
    expect(page.get_by_text("2 accounts were created.")).to_be_visible()
    page.get_by_role("link", name="Errors").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Failing rows, CSV").click()
    failing = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == "students - 2 rows to correct.csv"
    assert "Turing" in failing and "Hopper" not in failing
    mended.write_text(
        failing.replace("not an address", "alan@x.example").replace(
            "emmy@x.example,,", "emmy@x.example,2031,"
        )
    )
    to_preview(mended)
    confirm("Confirm: 2 new")
    expect(page.get_by_text("2 accounts were created.")).to_be_visible()
    assert StudentAccount.objects.count() == 4
    page.go_back()
    page.goto(f"{page.url.split('/schools/')[0]}/schools/{school.pk}/history/")
    expect(page.get_by_role("link", name="Students upload", exact=True)).to_have_count(2)


@pytest.fixture
def screens(web: Started, school: "School") -> dict[str, str]:
    draft = drafts.start(school, None, f"{LONG}.csv", FILE.encode())
    other = drafts.start(school, None, "other.csv", FILE.encode())
    run = previews.preview(draft, None)
    pipeline.run_sync(run.pk)
    start = f"{web.url}/schools/{school.pk}"
    return {
        "upload": f"{start}/upload/",
        "file": f"{start}/import/",
        "settings": f"{start}/import/{other.pk}/settings/",
        "columns": f"{start}/import/{other.pk}/columns/",
        "no header": f"{start}/import/{other.pk}/columns/?header_row=999",
        "preview": f"{start}/runs/{run.pk}/",
        "new": f"{start}/runs/{run.pk}/?tab=new",
        "dialog": f"{start}/runs/{run.pk}/?confirm=upload",
    }


def test_the_screens_are_for_everybody(visit: Visit, screens: dict[str, str]) -> None:
    page = visit()
    for name, address in screens.items():
        page.goto(address)
        look(page, name)


@pytest.mark.parametrize("width", [360, 1280])
def test_a_long_file_name_covers_no_button(
    visit: Visit, school: "School", tmp_path: Path, width: int
) -> None:
    file = tmp_path / f"{'x' * 200}.csv"
    file.write_text(FILE)
    page = visit()
    page.set_viewport_size({"width": width, "height": 800})
    page.get_by_role("link", name="Choose a file").click()
    page.get_by_role("heading", name="Choose a file").wait_for()
    page.locator("#file").set_input_files(file)
    expect(page.locator(".file-chosen")).to_contain_text("xxxx")
    for heading in ("Import Users: settings", "Import Users: match columns"):
        page.get_by_role("button", name="Next Step").last.click()
        page.get_by_role("heading", name=heading).wait_for()
        if "settings" in heading:
            page.get_by_label("Day, month, year").check()
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, heading
