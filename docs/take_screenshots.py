"""Takes the README's screenshots from a demo that it starts: `make screenshots`."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """Start a demo, take the pictures and end it."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rollbook-screenshots-") as folder:
        Path(folder).chmod(0o755)
        demo = subprocess.Popen(
            [
                *(sys.executable, "-m", "rollbook", "demo", "--json"),
                *("--data-dir", folder, "--students", "1240"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert demo.stdout is not None
        try:
            about = json.loads(demo.stdout.readline())["demo"]
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=QUIET
                )
                take(browser.new_page(viewport={"width": 1280, "height": 860}), about, folder)
                browser.close()
        finally:
            demo.terminate()
            demo.wait(60)


def take(page: Page, about: dict[str, Any], folder: str) -> None:
    """Sign in, connect the SIS, run three weeks and take the pictures."""
    administrator, sis = about["people"][0], about["powerschool"]
    page.goto(about["url"])
    page.get_by_label("E-mail").fill(administrator["email"])
    page.get_by_label("Password").fill(administrator["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="Start Setup and Integrate").first.click()
    page.get_by_label("Client ID").fill(sis["client_id"])
    page.get_by_label("Client Secret").fill(sis["client_secret"])
    page.get_by_label("Client URL").fill(sis["url"])
    page.get_by_role("button", name="Test connection").click()
    page.get_by_label("Exampleton High School").check()
    page.get_by_role("button", name="High (9–12)").click()
    page.get_by_label("Test Run").uncheck()
    page.get_by_role("button", name="Next Step").click()
    page.get_by_role("heading", name="Step 1.2 Select Mapping").wait_for()
    page.screenshot(path=IMAGES / "mapping.png")
    page.get_by_role("button", name="Save & Trigger Now").click()
    for _ in range(2):
        page.get_by_text("Finished").first.wait_for(timeout=60_000)
        subprocess.run(
            [sys.executable, "-m", "rollbook", "demo", "next-week", "--data-dir", folder],
            check=True,
            capture_output=True,
        )
        page.get_by_role("link", name="All history").click()
        page.get_by_role("button", name="Trigger now").click()
    page.get_by_text("Finished").first.wait_for(timeout=60_000)
    page.get_by_role("link", name="Existing & Update").first.click()
    page.get_by_role("cell").first.wait_for()
    page.screenshot(path=IMAGES / "updated.png", full_page=True)
    page.get_by_role("link", name="All history").click()
    page.get_by_role("heading", name="Upload & Integration History").wait_for()
    page.screenshot(path=IMAGES / "history.png")


if __name__ == "__main__":
    main()
