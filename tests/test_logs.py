"""The form of log lines, and what they never contain."""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from django.test import Client

from rollbook import logs


def record(text: str, error: bool = False) -> logging.LogRecord:
    return logging.LogRecord(
        "rollbook.x", logging.WARNING, "x.py", 1, text, (), sys.exc_info() if error else None
    )


def test_a_json_line_is_one_object_with_its_run() -> None:
    with logs.of_run("run-1"):
        line = json.loads(logs.Json().format(record("two\nlines")))
    assert (line["message"], line["run"], line["level"], line["logger"]) == (
        "two\nlines",
        "run-1",
        "warning",
        "rollbook.x",
    )
    assert line["at"].endswith("Z") and "run" not in json.loads(logs.Json().format(record("after")))


def test_another_thread_is_told_the_run_by_hand() -> None:
    lines: list[str] = []
    with logs.of_run("run-1"):
        handed_over = {"run": logs.current_run()}

        def work() -> None:
            plain, marked = record("a"), record("b")
            marked.__dict__ |= handed_over
            lines.extend(logs.Json().format(each) for each in (plain, marked))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert ["run" in json.loads(line) for line in lines] == [False, True]


def test_an_exception_shows_its_code_and_not_its_message() -> None:
    of_a_student = "ada.lovelace@example.org"
    try:
        try:
            raise KeyError(of_a_student)
        except KeyError as error:
            raise ValueError(of_a_student) from error
    except ValueError:
        for formatter in (logs.Text(), logs.Json()):
            text = formatter.format(record("it failed", error=True))
            assert "lovelace" not in text
            assert "ValueError" in text and "KeyError" in text and "test_logs.py" in text


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What the handler of the settings writes."""
    (console,) = (each for each in logging.getLogger().handlers if each.name == "console")
    assert isinstance(console, logging.StreamHandler)
    before, text = console.stream, StringIO()
    console.setStream(text)
    yield text
    console.setStream(before)


def test_a_request_that_is_refused_is_one_line(client: Client, written: StringIO) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="{"n" * 5000}"\r\n\r\n1\r\n--x--\r\n'
    multipart, plain = "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"
    endless = "&".join(f"f{number}=" for number in range(2_000))
    with_cookie = Client(enforce_csrf_checks=True)
    with_cookie.cookies["csrftoken"] = "x" * 32
    for response in (
        client.get("/", headers={"host": "scanner.invalid"}),
        with_cookie.post("/sign-in/", part, multipart),
        with_cookie.post("/sign-in/", endless, plain),
    ):
        assert response.status_code == 400
    lines = written.getvalue().splitlines()
    assert len(lines) == 3, lines
    assert "scanner.invalid" in lines[0]


def test_an_error_of_ours_keeps_its_lines_of_code(written: StringIO) -> None:
    try:
        raise KeyError
    except KeyError:
        logging.getLogger("django.request").error("Internal Server Error: /", exc_info=True)
    assert "test_logs.py" in written.getvalue()
