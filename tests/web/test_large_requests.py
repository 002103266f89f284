"""A request that is too large, or has a file that nobody asked for, leaves nothing on disk."""

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.test import Client
from django.urls import reverse

from rollbook.config import config
from rollbook.schools.models import School

pytestmark = pytest.mark.django_db
SMALL = b"sis_id,email\n"


@pytest.fixture
def written() -> Iterator[list[str]]:
    """The names of the temporary files that are made."""
    names: list[str] = []

    def note(name: str, *args: Any) -> TemporaryUploadedFile:
        names.append(name)
        return TemporaryUploadedFile(name, *args)

    with patch("django.core.files.uploadhandler.TemporaryUploadedFile", note):
        yield names


def file_of(size: int, name: str = "students.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, SMALL + b"x" * size)


def with_token() -> Client:
    """A browser that has the CSRF cookie, so that Django reads its forms for the token."""
    browser = Client(enforce_csrf_checks=True)
    browser.get("/sign-in/")
    return browser


@pytest.mark.parametrize("address", ["/sign-in/", "/me/sign-in/", "/forgot/", "/nowhere/", "/"])
def test_a_stranger_can_not_fill_the_disk(address: str, written: list[str]) -> None:
    large = with_token().post(address, {"email": "a@b.example", "file": file_of(3_000_000)})
    assert large.status_code == 413
    assert "too large" in large.content.decode()
    with_token().post(address, {"email": "a@b.example", "file": file_of(100_000)})
    assert written == []


def test_a_stranger_can_not_upload_where_a_person_can(school: School, written: list[str]) -> None:
    address = reverse("import-file", args=[school.pk])
    for browser in (with_token(), Client()):
        browser.post(address, {"file": file_of(100)})
    assert written == []


def test_a_person_can_not_upload_where_no_file_is_asked_for(
    admin: Client, school: School, written: list[str]
) -> None:
    admin.post(reverse("configure-sis", args=[school.pk]), {"file": file_of(100)})
    assert written == []


def test_many_files_together_have_the_limit_of_one(
    admin: Client, school: School, written: list[str]
) -> None:
    half = config.upload_bytes // 2
    files = {f"file{n}": file_of(half, f"{n}.csv") for n in range(4)}
    sizes: list[int] = []
    write = TemporaryFileUploadHandler.receive_data_chunk

    def note(handler: TemporaryFileUploadHandler, raw_data: bytes, start: int) -> bytes | None:
        sizes.append(len(raw_data))
        return write(handler, raw_data, start)

    with patch.object(TemporaryFileUploadHandler, "receive_data_chunk", note):
        page = admin.post(reverse("import-file", args=[school.pk]), files)
    assert page.status_code == 422
    assert half < sum(sizes) <= config.upload_bytes


def test_a_body_far_over_the_limit_is_not_read(
    admin: Client, school: School, written: list[str]
) -> None:
    with patch("django.test.client.FakePayload.read", side_effect=AssertionError("was read")):
        page = admin.post(
            reverse("import-file", args=[school.pk]),
            b"x",
            content_type="multipart/form-data; boundary=b",
            headers={"Content-Length": "600000000"},
        )
    assert page.status_code == 413
    assert "no-store" in page.headers["Cache-Control"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert written == []


def test_a_file_within_the_limit_arrives(admin: Client, school: School, written: list[str]) -> None:
    page = admin.post(reverse("import-file", args=[school.pk]), {"file": file_of(10)})
    assert page.status_code in (302, 422)
    assert written == ["students.csv"]
