"""The form of log lines, and what they never contain."""

import json
import logging
import sys
import threading

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


def test_a_wrong_host_is_one_line(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert client.get("/", headers={"host": "scanner.invalid"}).status_code == 400
    lines = [line for line in caplog.records if "scanner.invalid" in line.getMessage()]
    assert [line.exc_info for line in lines] == [None]
