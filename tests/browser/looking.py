"""Checks for every screen: axe in light and dark, no overflow at any width, the keyboard works."""

import json
import os

from playwright.sync_api import Page

from tests.browser.conftest import HERE

AXE = (HERE / "axe" / "axe-4.14.1.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = (320, 360, 720, 960, 1132)
EVERY_WIDTH = (320, 360, 480, 719, 720, 900, 959, 960, 1024, 1100, 1131, 1132, 1140, 1200, 1360)


def look(page: Page, name: str, widths: tuple[int, ...] = WIDTHS) -> None:
    """At the page that is open. With SHOTS set to a folder, pictures go there."""
    folder = os.environ.get("SHOTS")
    page.emulate_media(reduced_motion="reduce")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in widths if theme == "light" or folder else ():  # a colour changes no width
            page.set_viewport_size({"width": width, "height": 900})
            extra = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert extra <= 0, (name, width, extra)
            if folder and width in {360, 1132}:
                page.screenshot(path=f"{folder}/{name}-{theme}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1132, "height": 900})
        page.evaluate(
            "Promise.allSettled(document.getAnimations().map(each => each.finished))"
        )  # a colour on its way is none
        page.evaluate(AXE)
        rules = (
            RULES if theme == "light" else {"runOnly": ["color-contrast"]}
        )  # nothing else depends on the theme
        found = page.evaluate(
            "rules => axe.run(document, rules).then(result => result.violations)", rules
        )
        told = [(each["id"], [node["target"] for node in each["nodes"]][:5]) for each in found]
        assert not told, f"{name}, {theme}: {json.dumps(told, indent=1)}"


def tab_to(page: Page, name: str, most: int = 60) -> None:
    """Press Tab until the element with this accessible name, or label, has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(e => e.getAttribute('aria-label') "
            "|| (e.labels?.length ? e.labels[0].innerText : e.innerText) || '')"
            "(document.activeElement)"
        )
        if str(focused).strip().startswith(name):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            card = page.evaluate(
                "(e => getComputedStyle(e.closest('.radio-card') || e).outlineStyle)"
                "(document.activeElement)"
            )
            assert "none" not in {outline, card} or card != "none", f"{name}: focus can't be seen"
            return
    raise AssertionError(f"Tab never came to {name!r}")
