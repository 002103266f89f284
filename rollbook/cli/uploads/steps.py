"""The steps of `rollbook upload`: take the file, preview it, confirm or discard the preview."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_run
from rollbook.cli.exit_codes import Exit
from rollbook.cli.files import csv_or_xlsx, written
from rollbook.cli.lookup import find_run, find_school
from rollbook.cli.output import Document, Output, Refusal
from rollbook.cli.row_documents import of_column, of_issue
from rollbook.cli.runs.runs import EXIT_OF_STATE
from rollbook.cli.uploads.columns import fields_by_column, word_meanings
from rollbook.cli.waiting import Waiting, wait_for
from rollbook.sources.errors import SourceError
from rollbook.sync.models import Issue, Run, Upload
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import decisions
from rollbook.sync.uploads import column_choice, drafts, failing_rows, inspection, previews
from rollbook.sync.uploads.inspection import Inspection
from rollbook.sync.words.sources import uploader_type

MOST_PROBLEMS = 1_000  # that are printed; `rollbook problems` prints more


class Reading(NamedTuple):
    """How the file is read; None is detected."""

    maps: tuple[str, ...]
    words: tuple[str, ...]
    date_order: str | None
    sheet: str | None
    encoding: str | None
    delimiter: str | None
    hidden_rows: str | None
    header_row: int | None
    blank_clears: bool
    only_existing: bool
    accept_lookalikes: bool

    def settings(self) -> dict[str, str | int | bool | None]:
        """Return the settings of the upload; the columns and words are saved afterwards."""
        settings = self._asdict()
        del settings["maps"], settings["words"]
        if self.delimiter == "tab":
            settings["delimiter"] = "\t"
        return settings


@contextmanager
def _upload_refusals() -> Iterator[None]:
    """Raise a Refusal for a file that can't be read, or settings that can't be used."""
    try:
        yield
    except SourceError as error:
        raise Refusal(Exit.REFUSED, error.code, error.what, error.remedy) from error
    except SettingRefused as refused:
        remedy = "See rollbook upload --help."
        if refused.field == "columns":
            remedy = "Use --map to say what the columns are."
        raise Refusal(
            Exit.REFUSED, f"{refused.field}_refused", refused.what, f"Nothing was changed. {remedy}"
        ) from refused


def start(file: Path, school_name: str | None, reading: Reading) -> tuple[Upload, Inspection]:
    """Take a file in as a draft; return it with how the file was read."""
    school = find_school(school_name)
    with _upload_refusals():
        draft = drafts.start(
            school, None, file.name, file.read_bytes(), via=VIA, **reading.settings()
        )
        fields = fields_by_column(inspection.inspect(draft), reading.maps)
        column_choice.accept_columns(draft, None, fields, word_meanings(reading.words), via=VIA)
        return draft, inspection.inspect(draft)


def refuse_unclear_encoding(seen: Inspection) -> None:
    """Raise a Refusal if several encodings are plausible and none is given."""
    if not seen.encodings:
        return
    raise Refusal(
        Exit.REFUSED,
        "encoding_ambiguous",
        f"{_plausible_encodings(seen)} No account was changed.",
        "Give the encoding that shows the names as they are, with --encoding.",
    )


def _plausible_encodings(seen: Inspection) -> str:
    names = "; ".join(f"{each.encoding}: {', '.join(each.samples)}" for each in seen.encodings)
    return f"The file doesn't say how its letters are written. It may be {names}."


def refuse_unclear_dates(seen: Inspection, reading: Reading) -> None:
    """Raise a Refusal if the order of the dates is neither clear nor given."""
    if seen.date_guess.ambiguous and not reading.date_order:
        raise Refusal(
            Exit.REFUSED,
            "date_order_ambiguous",
            f"{seen.date_guess.sentence} No account was changed.",
            "Give the order with --date-order.",
        )


def refuse_hidden_rows(seen: Inspection) -> None:
    """Raise a Refusal if rows are hidden and nobody said whether they are read."""
    if seen.asks_hidden_rows:
        raise Refusal(
            Exit.REFUSED,
            "hidden_rows_undecided",
            f"Rows of the sheet are hidden: {seen.hidden_rows:,}. No account was changed.",
            "Give --hidden-rows leave-out, or --hidden-rows read to import them too.",
        )


def preview(draft: Upload, waiting: Waiting) -> Run:
    """Make a preview of the draft and wait for it."""
    with _upload_refusals():
        run = previews.preview(draft, None, via=VIA)
    wait_for(run, waiting)
    return run


def find_preview(name: str, school_name: str | None) -> Run:
    """Return the upload with this id, or the last run if it is an upload."""
    run = find_run(name, school_name)
    if not run.is_upload:
        raise Refusal(
            Exit.REFUSED,
            "not_an_upload",
            f"Run {run.pk} is not an upload, it is a {uploader_type(run)}.",
            "`rollbook runs` lists the runs.",
        )
    return run


def confirm(run: Run, waiting: Waiting, *, accept_alarms: bool) -> None:
    """Apply a preview exactly as it is, and wait until it is done."""
    draft = _draft(run)
    with _upload_refusals(), _alarm_refusal(run):
        confirmed = draft is not None and previews.confirm(
            draft, None, via=VIA, accept_alarms=accept_alarms
        )
    if not confirmed:
        raise _no_preview(run)
    wait_for(run, waiting)


@contextmanager
def _alarm_refusal(run: Run) -> Iterator[None]:
    """Say with which option a preview with alarms is applied."""
    try:
        yield
    except RunRefused as refused:
        if refused.code != "alarms_unconfirmed":
            raise
        command = f"rollbook upload --run {run.pk} --confirm --accept-alarms"
        remedy = f"Check the preview. If it is right: {command}"
        raise Refusal(Exit.REFUSED, refused.code, refused.what, remedy) from refused


def discard(run: Run) -> None:
    """Discard a preview."""
    draft = _draft(run)
    if draft is None:
        discarded = decisions.discard(run, None, via=VIA)
    else:
        discarded = drafts.discard(draft, None, via=VIA)
    if not discarded:
        raise _no_preview(run)
    run.refresh_from_db()


def _draft(run: Run) -> Upload | None:
    uploads = Upload.objects.filter(school_id=run.school_id, run=run)
    return uploads.select_related("run").first()


def _no_preview(run: Run) -> Refusal:
    state = run.get_state_display().lower()
    return Refusal(
        Exit.REFUSED,
        "not_a_preview",
        f"Run {run.pk} is not a preview, it is {state}. Nothing was changed.",
        "Upload the file again to make a preview.",
    )


def write_failing_rows(run: Run, target: Path) -> Document:
    """Write the rows that have errors to a file; return its name and how many there are."""
    with _upload_refusals(), written(target) as file:
        rows = failing_rows.write_failing_rows(run, file, csv_or_xlsx(target))
    return {"file": str(target), "rows": rows}


def output(run: Run, seen: Inspection | None, written: Document | None) -> Output:
    """Return the output of the command; `seen` is None for an earlier preview."""
    run.refresh_from_db()
    issues = Issue.objects.filter(school_id=run.school_id, run=run)
    issues = issues.order_by("row_number", "column_index", "id")
    document = {
        "run": of_run(run),
        **_how_it_was_read(seen),
        "total": issues.count(),
        "problems": [of_issue(issue, run) for issue in issues[:MOST_PROBLEMS]],
        "failing_rows": written,
    }
    if run.state == "discarded":  # as the command was asked to do
        return Output(document)
    return Output(document, EXIT_OF_STATE.get(run.state, Exit.DONE))


def _how_it_was_read(seen: Inspection | None) -> Document:
    if seen is None:
        return {
            "columns": [],
            "header_row": None,
            "date_order": None,
            "encoding": None,
            "notes": [],
        }
    guess = seen.date_guess
    notes: list[str] = list(seen.notes)
    if seen.encodings:
        notes.append(_plausible_encodings(seen))
    if guess.ambiguous:
        notes.append(guess.sentence)
    return {
        "columns": [of_column(column) for column in seen.columns],
        "header_row": seen.header_row,
        "date_order": {"order": str(guess.order), "ambiguous": guess.ambiguous},
        "encoding": {
            "encoding": seen.encoding,
            "candidates": [each._asdict() for each in seen.encodings],
        },
        "notes": notes,
    }
