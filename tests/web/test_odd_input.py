"""Odd values in every form, address and parameter of the screens are refused, never a server error.

The forms are those of the pages themselves, so that a new field is tried without a line here.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Integration
from rollbook.sync.uploads import drafts, previews
from tests.web.conftest import MakeRun

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ODD: Final = {
    "a NUL": "a\0b",
    "a lone surrogate": "a\ud800b",
    "5,000 digits": "9" * 5_000,
    "a huge integer": "99999999999999999999",
    "300 characters": "x" * 300,
    "a control character": "a\x1b[2Jb\r\nBcc: x@x.example",
    "a negative integer": "-99999999999999999999",
    "an exponent": "1e999999",
    "digits of another script": "²٣",
}
# Every value in every field, by itself: some minutes.
EACH: Final = bool(os.environ.get("ROLLBOOK_EACH_FIELD"))
FILE = (
    "SIS ID,First name,Last name,E-mail,Graduation year,Date of birth,Sex\n"
    "007,Ada,Byron,ada@x.example,2030,2010-05-03,weibl.\n"
    "008,Grace,Hopper,nowhere,2029,2010-05-04,F\n"
)
Fields = dict[str, list[str]]


class Forms(HTMLParser):
    """The forms of a page, by the address they are sent to and how. All radios and boxes count."""

    def __init__(self, page: str, address: str) -> None:
        super().__init__()
        self.found: dict[tuple[str, str], Fields] = {}
        self._address = address
        self._form: Fields = {}
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            address = urlsplit(given.get("action") or self._address).path
            self._form = self.found.setdefault((given.get("method", "get"), address), {})
        elif tag in ("input", "textarea", "button") and given.get("name"):
            self._form.setdefault(given["name"], [given.get("value", "")])
        elif tag == "select":
            self._select = given["name"]
            self._form.setdefault(self._select, [""])
        elif tag == "option" and self._select and given.get("value"):
            self._form[self._select] = [given["value"]]


@pytest.fixture
def values(
    school: School, connected: Integration, make_run: MakeRun, admin: Client
) -> dict[str, Any]:
    """What the addresses name: an upload with a preview, a student, a run, a never-import entry."""
    first = drafts.start(school, None, "a.csv", FILE.encode())
    run = previews.preview(first, None)
    pipeline.run_sync(run.pk)
    previews.confirm(first, None)
    pipeline.run_sync(run.pk)
    upload = drafts.start(school, None, "b.csv", FILE.replace("Ada", "Augusta").encode())
    pipeline.run_sync(previews.preview(upload, None).pk)
    upload.refresh_from_db()
    student = StudentAccount.objects.get()
    admin.post(reverse("never-import", args=[school.pk]), {"sis_id": "4711", "reason": "x"})
    return {
        "school_id": school.pk,
        "upload_id": upload.pk,
        "integration_id": connected.pk,
        "test_id": uuid4(),
        "student_id": student.pk,
        "run_id": upload.run_id,
        "entry_id": uuid4(),
        "proposal_id": uuid4(),
        "question_id": 999_999,
        "invitation_id": uuid4(),
        "source": connected.source,
        "kind": "csv",
        "code": "abc",
        "name": "x.eml",
        "token": "abc",
        "uidb64": "abc",
        "access_id": uuid4(),
        "user_id": uuid4(),
        "pk": 999_999,
    }


def patterns(within: Any = None) -> Iterator[URLPattern]:
    for each in (within or get_resolver()).url_patterns:
        if isinstance(each, URLResolver):
            yield from patterns(each)
        elif each.name and each.name not in ("sign-out", "student-sign-out", "components"):
            yield each


def addresses(values: dict[str, Any]) -> dict[str, str]:
    result: dict[str, str] = {}
    for pattern in patterns():
        names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
        given = {name: values[name] for name in names}
        for chosen in (given | {"school_id": values["school_id"]}, given):
            with suppress(NoReverseMatch):
                result.setdefault(pattern.name or "", reverse(pattern.name or "", kwargs=chosen))
    return result


def close_files(answer: Any) -> None:
    """Close the files of an answer.

    Not by `close`: that would end the connection to the database, and the test's transaction.
    """
    closers: list[Any] = getattr(answer, "_resource_closers", [])
    for close in closers:
        close()


class Trying:
    """Sends requests, each undone afterwards, and keeps those that end in a server error."""

    def __init__(self, browser: Client) -> None:
        self._browser = browser
        browser.raise_request_exception = False
        self.failed: list[str] = []
        self.number = 0

    def send(self, method: str, address: str, fields: Fields, what: str) -> None:
        self.number += 1
        sent = urlencode(fields, doseq=True, errors="surrogatepass")
        with transaction.atomic():
            if method == "get":
                answer = self._browser.get(f"{address}?{sent}")
            else:
                kind = "application/x-www-form-urlencoded"
                answer = self._browser.generic("POST", address, sent, kind)
            transaction.set_rollback(True)
        close_files(answer)
        if answer.status_code >= 500:
            error = getattr(answer, "exc_info", None)
            self.failed.append(f"{method} {address}: {what}: {error and error[1]!r}"[:300])


def with_odd_values(fields: Fields) -> Iterator[tuple[str, Fields]]:
    """Yield what is odd, and the fields: all odd at once, and one odd at a time."""
    kinds = list(ODD)
    for what in kinds if EACH else [kinds[len(fields) % len(kinds)], "a NUL"]:
        yield f"{what} everywhere", {name: [ODD[what]] for name in fields}
    for place, name in enumerate(fields):
        for what in kinds if EACH else [kinds[place % len(kinds)]][: place < 3]:
            yield f"{what} in {name}", fields | {name: [ODD[what]]}
    numbered = [name for name in fields if re.search(r"\d", name)]
    for name in numbered if EACH else numbered[:1]:
        for digits in ("9" * 5_000, "²"):
            odd_name = re.sub(r"\d+", digits, name)
            yield f"{name[:20]} with odd digits", fields | {odd_name: fields[name]}


def test_no_odd_value_in_a_form_is_a_server_error(admin: Client, values: dict[str, Any]) -> None:
    trying = Trying(admin)
    forms: dict[tuple[str, str], Fields] = {}
    for name, address in addresses(values).items():
        answer = admin.get(address)
        assert answer.status_code < 500, name
        if "text/html" in answer.get("Content-Type", ""):
            shown = Forms(answer.content.decode(), address).found
            forms |= {key: fields for key, fields in shown.items() if "sign-out" not in key[1]}
        close_files(answer)
    assert len(forms) > 30
    for (method, address), fields in forms.items():
        fields.pop("csrfmiddlewaretoken", None)
        for what, odd in with_odd_values(fields):
            trying.send(method, address, odd, what)
    assert trying.number > 100
    assert not trying.failed, trying.failed


def test_no_odd_parameter_is_a_server_error(admin: Client, values: dict[str, Any]) -> None:
    trying = Trying(admin)
    names = ("page", "q", "tab", "confirm", "before", "after", "header_row", "sort", "run", "kind")
    kinds = list(ODD)
    for place, address in enumerate(addresses(values).values()):
        for what in kinds if EACH else [kinds[place % len(kinds)], "a NUL"]:
            trying.send("get", address, {name: [ODD[what]] for name in names}, what)
        trying.send("post", address, {name: [ODD["a NUL"]] for name in names}, "unknown fields")
    assert not trying.failed, trying.failed


def test_no_odd_address_is_a_server_error(admin: Client, values: dict[str, Any]) -> None:
    trying = Trying(admin)
    tried = set()
    for address in addresses(values).values():
        parts = address.strip("/").split("/")
        for place in range(len(parts)):
            for odd in ODD.values() if EACH else [ODD["a NUL"], ODD["a huge integer"]]:
                odd_part = quote(odd, safe="", errors="surrogatepass")
                tried.add("/".join([*parts[:place], odd_part, *parts[place + 1 :]]))
    for path in sorted(tried) if EACH else sorted(tried)[::7]:
        trying.send("get", f"/{path}/", {}, "odd address")
    assert not trying.failed, trying.failed


def test_a_number_in_the_name_of_a_field_that_no_page_sends_is_refused(
    admin: Client, values: dict[str, Any]
) -> None:
    arguments = [values["school_id"], values["upload_id"]]
    for name, field in (("import-columns", "column-"), ("import-correct", "cell-3-")):
        answer = admin.post(reverse(name, args=arguments), {field + "9" * 5_000: "x"})
        assert answer.status_code == 400
        assert "Nothing was changed" in answer.content.decode()


def test_a_word_with_a_nul_is_refused(admin: Client, values: dict[str, Any]) -> None:
    address = reverse("import-columns", args=[values["school_id"], values["upload_id"]])
    sent = {"header_row": "1", "column-0": "sis_id", "asked": "gender.a\0b", "word-0": "F"}
    assert "Null characters" in admin.post(address, sent).content.decode()
