"""The files that commands write: whole, or not there at all, and a reason in words."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollbook.cli.files import written
from rollbook.cli.output import Refusal
from rollbook.schools.models import School
from rollbook.sync import deleting, pipeline
from rollbook.sync.models import Run, Upload
from rollbook.sync.uploads import drafts, previews
from tests.cli.conftest import Command

pytestmark = pytest.mark.slow
TABLE = (
    "SIS ID,E-mail,First name,Last name,Graduation year\n"
    "S1,ada@x.example,Ada,Lovelace,2030\n"
    "S2,bob at x,Bob,Noyce,2031\n"
)
COMMANDS = (
    ("template", "-o"),
    ("students", "export", "-o"),
    ("report", "last", "-o"),
    ("work-list", "--registrar-file"),
    ("upload", "--run", "last", "--failing-rows"),
)


@pytest.fixture
def run(school: School) -> Run:
    upload = drafts.start(school, None, "a.csv", TABLE.encode())
    run = previews.preview(upload, None)
    pipeline.run_sync(run.pk)
    return run


@contextmanager
def no_room(size: int = 0) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk that is nearly full."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_disk_without_room_leaves_nothing_behind(tmp_path: Path) -> None:
    older = tmp_path / "older.csv"
    older.write_text("as it was")
    for file in (tmp_path / "new.csv", older):
        with pytest.raises(Refusal) as refused, written(file) as target, no_room():
            target.write(b"x" * 100_000)
        assert refused.value.code == "not_written"
    assert [each.name for each in tmp_path.iterdir()] == [older.name]
    assert older.read_text() == "as it was"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_full_disk_and_a_missing_folder_are_named(
    inside: Command, run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    full = tmp_path / "full.csv"
    full.symlink_to("/dev/full")
    refused = inside(*command, str(full), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (3, "not_written")
    assert "the disk is full" in refused.json["error"]["what"]
    refused = inside(*command, str(tmp_path / "no" / "such.csv"), "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "folder_missing")


def test_what_is_written_takes_its_place_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    with written(file) as target:
        target.write(b"new")
        assert not file.exists()
    assert file.read_bytes() == b"new"
    with pytest.raises(Refusal), written(file) as target:
        target.write(b"newer")
        raise OSError(30, "Read-only file system")
    assert file.read_bytes() == b"new" and len(list(tmp_path.iterdir())) == 1


def test_a_preview_that_was_discarded_elsewhere_ends_in_words(
    inside: Command, school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(TABLE)
    upload = drafts.start(school, None, "a.csv", TABLE.encode())
    waiting = previews.preview(upload, None)
    drafts.discard(upload, None)
    assert not Run.objects.filter(pk=waiting.pk).exists()
    monkeypatch.setattr(previews, "preview", lambda *_args, **_options: waiting)
    ended = inside("upload", str(file), "--json")
    assert (ended.code, ended.json["error"]["code"]) == (3, "preview_discarded")


def test_a_school_that_is_deleted_meanwhile_ends_the_wait_in_words(
    inside: Command, school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(TABLE)
    make_preview = previews.preview

    def preview(draft: Upload, *_args: object, **_options: object) -> Run:
        waiting = make_preview(draft, None)
        deleting.request(school, None, school.name)
        deleting.delete_rows(school.pk)
        return waiting

    monkeypatch.setattr(previews, "preview", preview)
    ended = inside("upload", str(file), "--json")
    assert (ended.code, ended.json["error"]["code"]) == (3, "school_deleted")


def test_no_preview_is_made_where_the_failing_rows_can_not_be_written(
    inside: Command, school: School, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(TABLE)
    missing = str(tmp_path / "no folder" / "rows.csv")
    refused = inside("upload", str(file), "--failing-rows", missing, "--here", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (2, "folder_missing")
    assert not Run.objects.exists()
