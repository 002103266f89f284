"""Settings as people write them, and what is said of one that can't be read."""

import os
import subprocess
import sys

import pytest

from rollbook.config import Config


@pytest.mark.parametrize(
    "written", ["a.example, b.example", '["a.example", "b.example"]', "a.example,b.example,"]
)
def test_a_list_may_have_commas_or_be_json(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("ROLLBOOK_ALLOWED_HOSTS", written)
    monkeypatch.setenv("ROLLBOOK_ALLOWED_NETWORKS", "10.0.0.0/8")
    assert Config().allowed_hosts == ["a.example", "b.example"]
    assert Config().networks == ("10.0.0.0/8",)


def test_a_setting_that_can_not_be_read_is_named_and_its_value_is_not_shown() -> None:
    wrong = {"ROLLBOOK_TRIES": "several", "ROLLBOOK_ENV": "s3cret"}
    code = "import rollbook.config"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | wrong,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "ROLLBOOK_TRIES" in ended.stderr and "ROLLBOOK_ENV" in ended.stderr
    assert (
        "several" not in ended.stderr
        and "s3cret" not in ended.stderr
        and "Traceback" not in ended.stderr
    )
