"""A newcomer's way from the sign-in to a right test run, for four kinds of district."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from rollbook.schools.models import Membership, School, User
from rollbook.standins import people
from rollbook.standins.powerschool import serve as serve_powerschool
from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn
from rollbook.standins.veracross import serve as serve_veracross
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration
from tests.browser.conftest import PATIENCE
from tests.browser.ways import POWERSCHOOL, VERACROSS_V2, VERACROSS_V3, Way
from tests.processes import Started

QUERY = "/ws/schema/query/"
pytestmark = pytest.mark.django_db(transaction=True)
FEWER_THAN = 25


@dataclass(frozen=True)
class District:
    """One kind of district: what is special about it, and what its newcomer chooses.

    `schools` are ticked, none where the SIS has only one. `grades` is a button, or the grades to
    tick. `email` is the source field that is mapped in the end, and `belongs` says which of the
    active students come in.
    """

    name: str
    way: Way
    serve: Callable[..., StandIn]
    options: dict[str, Any]
    grades: str | tuple[str, ...]
    email: str
    belongs: Callable[[Known], bool]
    schools: tuple[str, ...] = ()
    with_plugin: bool = False
    domain: str = ""


DISTRICTS = (
    District(
        name="PowerSchool, 14 schools, American grades, Person e-mail",
        way=POWERSCHOOL,
        serve=serve_powerschool,
        options={"schools": 14, "email_home": "person", "access_level": "NONE"},
        with_plugin=True,
        schools=("Exampleton High School 1", "Exampleton High School 2"),
        grades="High (9–12)",
        email="person_email",
        belongs=lambda known: known.school_number in {300, 301},
    ),
    District(
        name="PowerSchool, one school, the plugin's query, e-mail in an extension",
        way=POWERSCHOOL,
        serve=serve_powerschool,
        options={"schools": 1, "email_home": "extension", "access_level": "NONE"},
        with_plugin=True,
        grades="All",
        email="u_students_extension.student_email",
        belongs=lambda known: True,
    ),
    District(
        name="Veracross v2, British years",
        way=VERACROSS_V2,
        serve=serve_veracross,
        options={"country": "uk", "email_home": "contact_info"},
        schools=("Main Campus · Upper School", "North Campus · Upper School"),
        grades=("Year 10", "Year 11", "Year 12", "Year 13"),
        email="email_1",
        belongs=lambda known: known.grade_level >= 10,
    ),
    District(
        name="Veracross v3, IB grades, user name with a domain",
        way=VERACROSS_V3,
        serve=serve_veracross,
        options={"country": "ib", "email_home": "domain"},
        schools=("Main Campus · Lower School", "North Campus · Lower School"),
        grades="All",
        email="username@school.example",
        belongs=lambda known: known.grade_level < 6,
        domain="school.example",
    ),
)


@dataclass
class Newcomer:
    """Somebody at the page, who counts each click, each typed field and each chosen option."""

    page: Page
    interactions: list[str] = field(default_factory=list)

    def click(self, role: Any, name: str) -> None:
        self._count(f"click {name}")
        self.page.get_by_role(role, name=name, exact=role == "button").click()

    def tick(self, role: Any, name: str) -> None:
        self._count(f"tick {name}")
        self.page.get_by_role(role, name=name).check()

    def fill(self, label: str, text: str) -> None:
        self._count(f"fill {label}")
        self.page.get_by_label(label, exact=True).fill(text)

    def download(self, name: str) -> bytes:
        self._count(f"download {name}")
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=name).click()
        return Path(waiting.value.path()).read_bytes()

    def _count(self, interaction: str) -> None:
        self.interactions.append(interaction)


def test_a_newcomer_gets_to_a_right_test_run(
    browser: Browser, web: Started, worker: Started, password: str
) -> None:
    """All districts share the web server and the worker; each has its own school and SIS."""
    for district in DISTRICTS:
        user = _administrator(district.name, password)
        with (
            district.serve(students=150, seed=7, clean=True, **district.options) as sis,
            _newcomer(browser) as newcomer,
        ):
            _sign_in(newcomer, web.url, user, password)
            _configure(newcomer, district, sis)
            _select_the_mapping(newcomer, district, sis)
            expected = _expected(district, sis)
            _look_at_the_report(newcomer.page, expected)
            if district.with_plugin:
                assert any(QUERY in logged.path for logged in list(sis.requests)[-3:])
        assert len(newcomer.interactions) < FEWER_THAN, (district.name, newcomer.interactions)
        integration = Integration.objects.get(school__name=district.name)
        assert [district.email, "email"] in integration.mapping
        assert not StudentAccount.objects.exists(), "a test run makes no account"


def _administrator(name: str, password: str) -> User:
    school = School.objects.create(name=name, timezone="America/New_York")
    address = f"ada{School.objects.count()}@lincoln.example"
    user = User.objects.create_user(address, "Ada Admin", password)
    Membership.objects.create(school=school, user=user, role="administrator")
    return user


@contextmanager
def _newcomer(browser: Browser) -> Iterator[Newcomer]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    try:
        yield Newcomer(context.new_page())
    finally:
        context.close()


def _sign_in(newcomer: Newcomer, url: str, user: User, password: str) -> None:
    newcomer.page.goto(url)
    newcomer.fill("E-mail", user.email)
    newcomer.fill("Password", password)
    newcomer.click("button", "Sign in")


def _configure(newcomer: Newcomer, district: District, sis: StandIn) -> None:
    """Step 1.1. The plugin goes to the SIS by its own pages, which aren't counted."""
    page, way = newcomer.page, district.way
    newcomer.click("link", "Start Setup and Integrate")
    newcomer.tick("radio", way.sis)
    if way.version == VERACROSS_V3.version:
        newcomer.tick("radio", way.version)
    if district.with_plugin:
        _install(sis, newcomer.download("Download the plugin"))
    for label, value in way.typed.items():
        newcomer.fill(label, value(sis))
    newcomer.click("button", "Test connection")
    expect(page.locator("#connection-test")).to_contain_text("The connection works")
    expect(page.locator("#id_grades.grades-wide")).to_be_visible()
    for school in district.schools:
        newcomer.tick("checkbox", school)
    if isinstance(district.grades, str):
        newcomer.click("button", district.grades)
    else:
        for grade in district.grades:
            newcomer.tick("checkbox", grade)
    newcomer.click("button", "Next Step")


def _install(sis: StandIn, packed: bytes) -> None:
    """Install the plugin, and approve and enable it, in the SIS."""
    with urlopen(Request(f"{sis.url}/_standin/plugin", packed, method="POST")) as answer:
        assert answer.status == 200


def _select_the_mapping(newcomer: Newcomer, district: District, sis: StandIn) -> None:
    """Step 1.2. The place of the e-mail is chosen already, from what the test has read."""
    page = newcomer.page
    page.get_by_role("heading", name="Step 1.2 Select Mapping").wait_for()
    if district.domain:
        newcomer.fill("Domain", district.domain)
        page.get_by_label("Domain", exact=True).blur()
    expect(
        page.locator("#mapping-preview").get_by_text("They would not be imported")
    ).to_have_count(0)
    if "." in district.email and district.with_plugin:
        _install(sis, newcomer.download("Download the plugin for this mapping"))
    newcomer.click("button", "Save & Trigger Now")


def _expected(district: District, sis: StandIn) -> int:
    active = (known for known in sis.roster() if known.enroll_status == people.ACTIVE)
    return sum(map(district.belongs, active))


def _look_at_the_report(page: Page, expected: int) -> None:
    expect(page.locator("#run > p .badge")).to_have_text("Finished")
    assert expected > 10
    for tile, number in (("New", expected), ("Errors", 0)):
        shown = page.locator(".tile", has=page.get_by_text(tile, exact=True)).locator("dd")
        assert shown.inner_text().split("\n")[0] == str(number), tile
