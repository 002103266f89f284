"""Step 1.2 with real students at every width: nothing is cut off, and no word breaks in two.

Another place of the e-mail is chosen first, so that the list of places is open.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from rollbook.standins import powerschool
from rollbook.standins.standin import StandIn
from rollbook.sync.setup import connection_tests
from rollbook.sync.setup.integrations import credentials_to_use
from tests.browser.conftest import Visit
from tests.connecting import connected

if TYPE_CHECKING:
    from rollbook.schools.models import School, User

pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = (1360, 1280, 768, 360)
LONGEST = "Maximiliana.Featherstonehaugh-Vandersloot29@students.school.example"
# Parts of a text that may stand on a line of their own: words, and what follows @ . _ - in them.
# The words of more than one line. A line may end after @ . _ / and -.
BROKEN = r"""
root => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent.checkVisibility() || parent.closest("select, noscript")) continue;
    for (const match of node.data.matchAll(/[^\s@._\/-]+/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const lines = new Set([...range.getClientRects()].map(each => Math.round(each.top)));
      if (lines.size > 1) broken.push(match[0]);
    }
  }
  return broken;
}
"""
# The elements that are wider than their room or the page, and the menus whose text is.
CUT_OFF = r"""
root => [...root.querySelectorAll("*")].filter(each => {
  if (!each.checkVisibility() || each.closest(".visually-hidden, svg")) return false;
  const style = getComputedStyle(each);
  if (each.matches("select")) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const text = pen.measureText(each.selectedOptions[0].text).width;
    return text > each.clientWidth - parseFloat(style.paddingLeft);
  }
  const isBlock = style.display !== "inline" && each.clientWidth > 0;
  const isRight = each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5;
  return isRight || (isBlock && each.scrollWidth > each.clientWidth + 1);
}).map(each => each.outerHTML.slice(0, 120))
"""


@pytest.fixture
def sis() -> Iterator[StandIn]:
    with powerschool.serve(students=60, seed=7, clean=True, email_home="extension") as running:
        yield running


def test_step_1_2_at_every_width(
    visit: Visit, school: "School", administrator: "User", sis: StandIn
) -> None:
    for known in list(sis.roster())[:60]:
        email = LONGEST.replace("29", str(known.dcid))
        sis.edit(known.dcid, email=email, first_name="Bartholomäus-Maximilian")
    integration = connected(school, administrator, sis)
    integration.mapping = [
        ["u_students_extension.student_email", field] if field == "email" else [source_field, field]
        for source_field, field in integration.mapping
    ]
    integration.save()
    credentials = credentials_to_use(integration, integration.variant_type, {})
    target = connection_tests.Target("powerschool", "", credentials, {})
    test, _is_new = connection_tests.begin(school, administrator, target)
    connection_tests.work_on(test, target)
    page = visit()
    page.goto(f"{page.url.rstrip('/').rsplit('/', 1)[0]}/integrations/{integration.pk}/mapping/")
    page.locator(".mapping-row", has_text="E-mail").locator("summary").click()
    places = page.get_by_role("group", name="Where the SIS keeps E-mail")
    places.get_by_role("radio", name="User name with a domain").check()
    page.get_by_label("Domain", exact=True).fill("school.example")
    expect(page.locator("#mapping-preview")).to_contain_text("@school.example")
    expect(places.get_by_role("radio", name="User name with a domain")).to_be_visible()
    places.get_by_role("radio", name="u_students_extension.student_email").check()
    expect(page.locator("#mapping-preview")).to_contain_text("@students.school.example")
    expect(page.get_by_label("Domain", exact=True)).to_have_count(0)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            _look(page, width, scheme)


def _look(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/mapping-{scheme}-{width}.png", full_page=True)
    for part in ("#mapping", "#mapping-preview"):
        assert page.locator(part).evaluate(BROKEN) == [], (width, part)
        assert page.locator(part).evaluate(CUT_OFF) == [], (width, part)
