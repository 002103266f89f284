"""Uploads a file as somebody with a browser does: sends each form of Import Users as it is shown.

What a page asks is left unanswered, except by the options of the case.
"""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from rollbook.schools.models import School
from rollbook.sync import pipeline
from rollbook.sync.models import Run


class Uploaded(NamedTuple):
    """What came of it. `run` is None where no preview was made; `notes` are those of the file."""

    run: Run | None
    notes: list[str]
    page: str


class Forms(HTMLParser):
    """The forms of a page, by the address they are sent to, with what a browser would send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.by_address: dict[str, dict[str, list[str]]] = {}
        self._form: dict[str, list[str]] = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            self._form = self.by_address.setdefault(given.get("action", ""), {})
        elif tag == "input" and "name" in given:
            if given.get("type") not in ("radio", "checkbox") or "checked" in given:
                self._form.setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and (self._select not in self._form or "selected" in given):
            self._form[self._select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = {}


def upload(browser: Client, school: School, file: Path, options: dict[str, Any]) -> Uploaded:
    """Send the file through all steps, and confirm its preview."""
    sent = {"file": SimpleUploadedFile(file.name, file.read_bytes())}
    response = browser.post(reverse("import-file", args=[school.pk]), sent)
    if response.status_code != 302:
        return Uploaded(None, [], page_of(response))
    settings = {}
    if "date_order" in options:
        settings["date_order"] = options["date_order"]
    if options.get("only_existing"):
        settings["whom"] = "existing"
    response = _send(browser, response["Location"], settings)
    if response.status_code != 302:
        return Uploaded(None, [], page_of(response))
    address = response["Location"]
    look = browser.get(address).context["look"]
    columns = _columns(look, options.get("map", {}))
    if any(not columns.keys() & _selects(places) for places in look.open_repeats.values()):
        return Uploaded(None, list(look.notes), "which of the columns with one heading counts")
    response = _send(browser, address, columns)
    notes = [str(note) for note in look.notes]
    if response.status_code != 302 or "/runs/" not in response["Location"]:
        return Uploaded(None, notes, page_of(response))
    return _confirm(browser, response["Location"], notes)


def _columns(look: Any, chosen: dict[str, str]) -> dict[str, str]:
    """Return the selects that a person sets: a field that is chosen here is freed elsewhere."""
    taken = {field for field in chosen.values() if field != "ignore"}
    selects = {}
    for column in look.columns:
        name = f"column-{column.position}"
        field = chosen.get(column.name, chosen.get(column.letter))
        if field is not None:
            selects[name] = field if field != "ignore" else ""
        elif column.field in taken:
            selects[name] = ""
    return selects


def _selects(positions: tuple[int, ...]) -> set[str]:
    return {f"column-{position}" for position in positions}


def _confirm(browser: Client, address: str, notes: list[str]) -> Uploaded:
    """Let the preview be made, and confirm it once: alarms that ask again aren't answered."""
    run = Run.objects.get(pk=address.rstrip("/").rpartition("/")[2])
    pipeline.run_sync(run.pk)
    shown = page_of(browser.get(address))
    forms = Forms(shown).by_address
    confirming = [each for each in forms if each.endswith("/confirm/")]
    if confirming:
        browser.post(confirming[0], forms[confirming[0]])
        pipeline.run_sync(run.pk)
    run.refresh_from_db()
    return Uploaded(run, notes, shown)


def _send(browser: Client, address: str, answers: dict[str, str]) -> Any:
    """Open a page and send its form, with these answers in place of what is shown."""
    forms = Forms(page_of(browser.get(address))).by_address
    form = forms[address]
    form.pop("action", None)
    return browser.post(address, form | answers)


def page_of(response: Any) -> str:
    return str(response.content.decode())
