"""`rollbook upload` and `rollbook template`: a spreadsheet previewed, and applied when confirmed; the file to begin with."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, say, table
from rollbook.cli.documents import of_column, of_issue, of_run
from rollbook.cli.exit_codes import EXIT_CODES, Exit
from rollbook.cli.lookup import find_run, find_school, school_option
from rollbook.cli.people import VIA
from rollbook.cli.runs import ENDS, show_run
from rollbook.cli.waiting import wait_for, worked_on_here
from rollbook.roster.columns import heading_key
from rollbook.roster.sheet_rows import UPLOAD_FIELDS
from rollbook.sources.errors import SourceError
from rollbook.sync.models import Issue, Run, Upload
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import decisions
from rollbook.sync.uploads import column_choice, drafts, inspection, previews
from rollbook.sync.uploads.failing_rows import write_failing_rows
from rollbook.sync.uploads.inspection import Inspection
from rollbook.sync.uploads.template import write_template
from rollbook.sync.words.sources import uploader_type

IGNORE = "ignore"
PROBLEMS = 1_000  # that are printed; `rollbook problems` prints more


def _show(document: Document) -> None:
    show_run(document)
    for column in document["columns"]:
        say(
            f"  {column['letter']}  {column['name'] or '(no name)'} → {column['field'] or 'ignored'}"
        )
    for note in document["notes"]:
        say(note)
    rows = [
        (each["row"], each["column"], each["severity"], each["name"], each["what"], each["remedy"])
        for each in document["problems"]
    ]
    if rows:
        table(("Row", "Column", "Severity", "Student", "Problem", "What to do"), rows, "")
    if document["failing_rows"]:
        say(f"Wrote {document['failing_rows']['rows']} rows to {document['failing_rows']['file']}.")
    if document["run"]["state"] == "preview":
        say(
            f"Nothing was changed yet. To apply it: rollbook upload --run {document['run']['id']} --confirm"
        )


@click.command(epilog=EXIT_CODES)
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@school_option
@click.option(
    "--run",
    "run_name",
    metavar="RUN",
    help="An earlier preview in place of FILE: its id, or `last`.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="A column by name or letter, and our field or `ignore`.",
)
@click.option(
    "--word",
    "words",
    multiple=True,
    metavar="FIELD:WORD=MEANING",
    help="What a word for gender, grade_level or active means.",
)
@click.option(
    "--date-order",
    type=click.Choice(["day-month-year", "month-day-year", "year-month-day"]),
    help="As dates are written.",
)
@click.option("--sheet", help="Which sheet of a workbook; else the first with something in it.")
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "utf-16", "cp1252", "mac_roman"]),
    help="Of a csv; else detected.",
)
@click.option(
    "--delimiter", type=click.Choice([",", ";", "tab", "|"]), help="Of a csv; else detected."
)
@click.option(
    "--header-row", type=click.IntRange(1), help="The row that names the columns; else found."
)
@click.option(
    "--blank-clears",
    is_flag=True,
    help="Empty cells empty what an account holds; required values stay.",
)
@click.option("--only-existing", is_flag=True, help="Change existing accounts only, make none.")
@click.option(
    "--confirm", is_flag=True, help="Apply it. Without this it is a preview and changes nothing."
)
@click.option("--discard", is_flag=True, help="With --run: put the preview aside.")
@click.option(
    "--failing-rows",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the rows that can't go in to this .xlsx or .csv.",
)
@click.option("--here", is_flag=True, help="Do it in this process; no worker is needed.")
@click.option(
    "--timeout",
    type=float,
    default=None,
    metavar="SECONDS",
    help="Wait no longer than this; the run goes on.",
)
@answers(_show)
def upload(
    file: Path | None,
    school_name: str | None,
    run_name: str | None,
    maps: tuple[str, ...],
    words: tuple[str, ...],
    confirm: bool,
    discard: bool,
    failing_rows: Path | None,
    here: bool,
    timeout: float | None,
    **chosen: str | int | bool | None,
) -> Answer:
    """Preview a spreadsheet of students, or apply it.

    \b
    Examples:
      rollbook upload students.xlsx
      rollbook upload students.csv --map "Login=email" --map "House=ignore" --confirm --json
      rollbook upload --run last --confirm
    """
    if (file is None) == (run_name is None) or (discard and (confirm or run_name is None)):
        what = "Name a file, or an earlier preview with --run; --discard goes with --run."
        raise Refusal(Exit.USAGE, "file_or_run", what, "See rollbook upload --help.")
    draft: Upload | None
    seen: Inspection | None = None
    if file is not None:
        draft, seen = _started(file, school_name, maps, words, confirm, chosen)
        run = _previewed(draft, here, timeout)
    else:
        run = _preview_named(run_name or "", school_name)
        draft = _upload_of(run)
    written = (
        _write_failing(run, failing_rows)
        if failing_rows is not None and run.state != "failed"
        else None
    )
    if discard:
        _discard(run, draft)
    if confirm and run.state != "failed":
        _confirm(run, draft, here, timeout)
    return _answer(run, seen, written)


def _started(
    file: Path,
    school_name: str | None,
    maps: tuple[str, ...],
    words: tuple[str, ...],
    confirm: bool,
    chosen: Mapping[str, object],
) -> tuple[Upload, Inspection]:
    chosen = {**chosen, "delimiter": "\t" if chosen["delimiter"] == "tab" else chosen["delimiter"]}
    with _refused():
        draft = drafts.start(
            find_school(school_name), None, file.name, file.read_bytes(), via=VIA, **chosen
        )
        column_choice.accept_columns(
            draft, None, _fields(inspection.inspect(draft), maps), _meanings(words), via=VIA
        )
        seen = inspection.inspect(draft)
    if confirm and seen.date_guess.ambiguous and not chosen["date_order"]:
        raise Refusal(
            Exit.REFUSED,
            "date_order_ambiguous",
            seen.date_guess.sentence,
            "Say it with --date-order.",
        )
    return draft, seen


def _fields(seen: Inspection, maps: tuple[str, ...]) -> dict[int, str | None]:
    """What --map says, by column index. A column is named as in the file, or by its letter."""
    fields: dict[int, str | None] = {}
    for pair in maps:
        name, equals, field = pair.rpartition("=")
        named = [column for column in seen.columns if column.name == name.strip()]
        named = named or [
            column
            for column in seen.columns
            if heading_key(name) and heading_key(column.name) == heading_key(name)
        ]
        named = named or [
            column for column in seen.columns if column.letter == name.strip().upper()
        ]
        if not equals or not named:
            names = ", ".join(f"{column.name} ({column.letter})" for column in seen.columns)
            raise Refusal(
                Exit.REFUSED,
                "column_unknown",
                f"There is no column {name or pair!r} in the file.",
                f"Its columns: {names}.",
            )
        if len(named) > 1:
            letters = ", ".join(column.letter for column in named)
            raise Refusal(
                Exit.REFUSED,
                "column_repeated",
                f"More than one column is named {name!r}.",
                f"Name it by its letter: {letters}.",
            )
        field = field.strip()
        if field not in (*UPLOAD_FIELDS, IGNORE, ""):
            raise Refusal(
                Exit.REFUSED,
                "field_unknown",
                f"There is no field {field!r}.",
                f"Fields: {', '.join(UPLOAD_FIELDS)}, {IGNORE}.",
            )
        fields[named[0].position] = field if field and field != IGNORE else None
    return fields


def _meanings(words: tuple[str, ...]) -> dict[str, dict[str, str]]:
    meanings: dict[str, dict[str, str]] = {}
    for each in words:
        field, colon, pair = each.partition(":")
        word, equals, meaning = pair.rpartition("=")
        if not colon or not equals:
            raise Refusal(
                Exit.REFUSED,
                "pair_unknown",
                f"{each!r} is not of the form FIELD:WORD=MEANING.",
                "As in gender:weibl.=Female",
            )
        meanings.setdefault(field.strip(), {})[word] = meaning.strip()
    return meanings


def _previewed(draft: Upload, here: bool, timeout: float | None) -> Run:
    with _refused():
        run = previews.preview(draft, None, via=VIA)
    _wait(run, here, timeout)
    return run


def _wait(run: Run, here: bool, timeout: float | None) -> None:
    with worked_on_here(run) if here else nullcontext():
        wait_for(run, timeout)


def _preview_named(name: str, school_name: str | None) -> Run:
    run = find_run(name, school_name)
    if not run.is_upload:
        what = f"Run {run.pk} is not an upload, it is a {uploader_type(run)}."
        raise Refusal(Exit.REFUSED, "not_an_upload", what, "`rollbook runs` lists the runs.")
    return run


def _upload_of(run: Run) -> Upload | None:
    return Upload.objects.filter(school_id=run.school_id, run=run).select_related("run").first()


def _confirm(run: Run, draft: Upload | None, here: bool, timeout: float | None) -> None:
    with _refused():
        confirmed = draft is not None and previews.confirm(draft, None, via=VIA)
    if not confirmed:
        raise _no_preview(run)
    _wait(run, here, timeout)


def _discard(run: Run, draft: Upload | None) -> None:
    if not (
        drafts.discard(draft, None, via=VIA)
        if draft is not None
        else decisions.discard(run, None, via=VIA)
    ):
        raise _no_preview(run)
    run.refresh_from_db()


def _no_preview(run: Run) -> Refusal:
    what = f"Run {run.pk} is no preview, it is {run.get_state_display().lower()}. Nothing was done."
    return Refusal(Exit.REFUSED, "not_a_preview", what, "Upload the file again to make one.")


def _write_failing(run: Run, target: Path) -> Document:
    if not target.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {target.parent}.",
            "Make it, or write somewhere else.",
        )
    with _refused(), target.open("wb") as out:
        rows = write_failing_rows(run, out, "csv" if target.suffix.lower() == ".csv" else "xlsx")
    return {"file": str(target), "rows": rows}


def _answer(run: Run, seen: Inspection | None, written: Document | None) -> Answer:
    run.refresh_from_db()
    found = Issue.objects.filter(school_id=run.school_id, run=run).order_by(
        "row_number", "column_index", "id"
    )
    document = {
        "run": of_run(run),
        "columns": [of_column(column) for column in seen.columns] if seen else [],
        "header_row": seen.header_row if seen else None,
        "date_order": {"order": str(seen.date_guess.order), "ambiguous": seen.date_guess.ambiguous}
        if seen
        else None,
        "notes": [*seen.notes, *([seen.date_guess.sentence] if seen.date_guess.ambiguous else [])]
        if seen
        else [],
        "total": found.count(),
        "problems": [of_issue(each, run) for each in found[:PROBLEMS]],
        "failing_rows": written,
    }
    ends = {} if run.state == "discarded" else ENDS  # it was asked for
    return Answer(document, ends.get(run.state, Exit.DONE))


class _refused:
    """Words what the layers below refuse as an exit code and a code."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, SourceError | RunRefused):
            raise Refusal(Exit.REFUSED, error.code, error.what, error.remedy) from error
        if isinstance(error, SettingRefused):
            remedy = (
                "Say with --map what the columns are."
                if error.field == "columns"
                else "See rollbook upload --help."
            )
            raise Refusal(Exit.REFUSED, f"{error.field}_refused", error.what, remedy) from error


def _show_template(document: Document) -> None:
    click.echo(f"Wrote {document['file']} ({document['bytes']:,} bytes).")


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("students.xlsx"),
    help="The .xlsx or .csv to write.",
)
@answers(_show_template)
def template(output: Path) -> Answer:
    """Write an empty spreadsheet for an upload."""
    if not output.parent.is_dir():
        raise Refusal(
            Exit.USAGE,
            "folder_missing",
            f"There is no folder {output.parent}.",
            "Make it, or write somewhere else.",
        )
    with output.open("wb") as out:
        write_template("csv" if output.suffix.lower() == ".csv" else "xlsx", out)
    return Answer({"file": str(output), "bytes": output.stat().st_size})
