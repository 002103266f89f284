"""The browser: Debian's Chromium, driven by Playwright, talking to this machine only."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import processes
from tests.browser.ways import POWERSCHOOL, Way
from tests.processes import Started

if TYPE_CHECKING:
    from rollbook.schools.models import User
    from rollbook.standins.standin import StandIn

HERE = Path(__file__).parent
# Milliseconds for what takes a second on an idle machine: other work must fail no test.
PATIENCE = 60_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_configure(config: pytest.Config) -> None:
    expect.set_options(timeout=PATIENCE)
    config.addinivalue_line("markers", "browser: drives a real browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker("browser")
            item.add_marker("slow")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """In place of pytest-playwright's own browser, which would have to be downloaded."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail(
            f"browser tests need one of {', '.join(BROWSERS)}; on Debian: apt-get install chromium"
        )
    return {**browser_type_launch_args, "executable_path": found, "args": list(QUIET)}


@pytest.fixture(scope="session")
def base_url() -> None:
    """In place of pytest-base-url's own, which warns under this pytest; our addresses are whole."""


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    """A context of the browser whose clicks and fillings wait as long as what is expected."""
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture
def way(request: pytest.FixtureRequest) -> Way:
    """How the SIS is connected: PowerSchool, unless the test is parametrised."""
    chosen: Way = getattr(request, "param", POWERSCHOOL)
    return chosen


@pytest.fixture
def sis(way: Way) -> "Iterator[StandIn]":
    """A stand-in whose records are all in order."""
    with way.serve() as running:
        yield running


@pytest.fixture(scope="session")
def web_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Started]:
    """One web server for all tests: it takes 1.5 s of CPU and a second or two to start and end."""
    folder = tmp_path_factory.mktemp("web")
    caught = {"ROLLBOOK_CAUGHT_MAIL_DIR": str(folder / "mail")}
    with processes.web(log=folder / "web.log", **caught) as started:
        yield started


@pytest.fixture
def web(transactional_db: None, web_server: Started) -> Started:
    """The web server. All that it knows is in the database, which is empty in each test."""
    assert web_server.process.poll() is None, web_server.output
    return web_server


@pytest.fixture
def caught_mail(web_server: Started) -> Iterator[Path]:
    """The folder of the mails that the web server shows; not made yet."""
    folder = web_server.log.parent / "mail"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


Visit = Callable[..., Page]


@pytest.fixture
def visit(page: Page, web: Started, administrator: "User", password: str) -> Iterator[Visit]:
    """The page of a signed-in administrator. Whatever the browser reports fails the test."""
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def sign_in() -> Page:
        page.goto(web.url)
        page.get_by_label("E-mail").fill(administrator.email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", name="Upload", exact=True).wait_for()
        return page

    yield sign_in
    assert [
        said for said in complaints if "Failed to load resource" not in said
    ] == []  # a page that isn't there is what one test opens


def choose_all_schools(page: Page) -> None:
    """Test the connection, and tick every school that the SIS then has."""
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#connection-test")).to_contain_text("The connection works")
    expect(page.get_by_text("Reading schools, grades")).to_have_count(0)
    expect(page.locator("#id_grades.grades-wide")).to_be_visible()
    for box in page.locator("input[name=schools]").all():
        box.check()


def enter_credentials(
    page: Page, sis: "StandIn", way: Way = POWERSCHOOL, *, secret: str = ""
) -> None:
    """Step 1.1, from the Upload page to the credentials; with this secret where one is given."""
    page.get_by_role("link", name="Start Setup and Integrate").click()
    page.get_by_role("radio", name=way.sis).check()
    if way.version:
        page.get_by_role("radio", name=way.version, exact=True).check()
    expect(page.locator("#sis-fields .field:has(input) > label")).to_have_text(list(way.typed))
    for label, value in way.typed.items():
        page.get_by_label(label, exact=True).fill(
            secret if secret and label == way.secret else value(sis)
        )


def connect(page: Page, sis: "StandIn", way: Way = POWERSCHOOL, *, test_run: bool = False) -> None:
    """Step 1.1, from the Upload page to the mapping, as a person does it."""
    enter_credentials(page, sis, way)
    choose_all_schools(page)
    page.get_by_role("button", name="High (9–12)").click()
    page.get_by_label("Test Run").set_checked(test_run)
    page.get_by_role("button", name="Next Step").click()
    page.get_by_role("heading", name="Step 1.2 Select Mapping").wait_for()
