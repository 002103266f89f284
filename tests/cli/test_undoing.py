"""`rollbook undo`, as scripts use it."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_uploading import ADA, HEADER


@pytest.mark.slow
def test_an_upload_is_previewed_undone_and_not_undone_twice(
    rollbook: Command, tmp_path: Path
) -> None:
    file = tmp_path / "students.csv"
    file.write_text(HEADER + ADA)
    rollbook("school", "add", "Lincoln")
    upload = rollbook("upload", str(file), "--confirm", "--here", "--json").json["run"]
    shown = rollbook("undo", upload["id"], "--preview", "--json")
    assert shown.code == 0, shown.err
    assert (shown.json["run"]["state"], shown.json["run"]["undoes"]) == ("preview", upload["id"])
    assert shown.json["undo"] == {
        "accounts": 0,
        "deactivated": 1,
        "values": 0,
        "stays": 0,
        "again": 0,
        "written_again_by": None,
    }
    assert rollbook("students", "--json").json["students"][0]["status"] == "active"
    last = rollbook("runs", "--run", "last", "--json").json["runs"][0]
    assert last["id"] == upload["id"], "the preview is not the last run"
    done = rollbook("undo", "last", "--here")
    assert (done.code, "Accounts that are deactivated: 1" in done.out) == (0, True), done.err
    assert rollbook("students", "--json").json["students"][0]["status"] == "deactivated"
    assert rollbook("runs", "--run", upload["id"], "--json").json["runs"][0]["state"] == "undone"
    again = rollbook("undo", upload["id"], "--here", "--json")
    assert (again.code, again.json["error"]["code"]) == (3, "not_undoable")
    back = rollbook("undo", "last", "--here", "--json")
    assert (back.code, back.json["run"]["uploader_type"]) == (0, "Undo of Undo of Students upload")
