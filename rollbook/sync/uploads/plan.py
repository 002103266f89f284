"""Stops 1 to 6 for a spreadsheet: the file of an upload → a stored plan, which rests as a preview until a person confirms it.

The rows are gone through twice: once for what only the whole file can tell, with nothing but keys in memory, and once to decide them.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.cell_values import DateOrder
from rollbook.roster.planning import Change, ChangeKind
from rollbook.roster.records import Account, Completeness, Issue, Proof, Severity
from rollbook.roster.sheet_matching import RowKeys, RowMatch, SheetCheck, SheetKey, check_sheet
from rollbook.roster.sheet_planning import decide_row
from rollbook.roster.sheet_rows import MatchedColumn, RowMapper, SheetCells, SheetRow
from rollbook.roster.upload_template import EXAMPLE
from rollbook.sources.base import Page
from rollbook.sources.spreadsheet.errors import FileGone
from rollbook.sources.spreadsheet.rows import Sheet
from rollbook.sync import store
from rollbook.sync.models import Run, RunCounts, Upload
from rollbook.sync.planning import clashes
from rollbook.sync.runs import progress, states
from rollbook.sync.runs.lease import Lease
from rollbook.sync.uploads.inspection import sheet_of

BATCH: Final = 1_000  # rows that are decided and stored together


class Roster(NamedTuple):
    """The rows of an upload, ready to be mapped. `total` is the number of those below the header."""

    sheet: Sheet
    header_row: int
    total: int
    mapper: RowMapper
    corrections: dict[int, dict[int, str]]
    only_existing: bool

    def rows(self) -> Iterator[SheetCells]:
        """The rows below the header, with what was corrected in its place."""
        for row in self.sheet.rows:
            if row.number <= self.header_row:
                continue
            corrected = self.corrections.get(row.number)
            if corrected is None:
                yield SheetCells(row.number, row.cells, row.dates, row.problems)
                continue
            texts = [corrected.get(index, text) for index, text in enumerate(row.cells)]
            dates = [index for index in row.dates if index not in corrected]
            yield SheetCells(
                row.number,
                texts,
                dates,
                [problem for problem in row.problems if problem.column not in corrected],
            )


def plan(run: Run, lease: Lease) -> None:
    """Read the file and store what would become of every row. Raises an `UploadRefused`."""
    progress.begin_plan(run)
    roster = open_roster(run)
    pages = -(-roster.total // BATCH)
    judged = _judge(run, roster, lease)
    read = unchanged = 0
    for number, rows in enumerate(store.in_chunks(roster.rows(), BATCH), 1):
        lease.check()
        changes, issues = _decide(run, [roster.mapper.map(row) for row in rows], roster, judged)
        read += len(rows)
        unchanged += sum(change.kind == ChangeKind.UNCHANGED for change in changes)
        with transaction.atomic():
            progress.note(run, [Page([], number, pages, roster.total)], read)
            store.save_plan(
                run, (change for change in changes if change.kind != ChangeKind.UNCHANGED), issues
            )
    with transaction.atomic():
        proof = Proof(
            Completeness.UNSTATED, None, read, pages
        )  # a file says nothing of who isn't in it
        rows_by_kind = store.count_plan(run) | {"unchanged": unchanged}
        states.previewed(run, RunCounts(**rows_by_kind, read=read), proof)


def open_roster(run: Run) -> Roster:
    """What a run reads and how it maps, from its upload."""
    upload = Upload.objects.filter(school_id=run.school_id, pk=run.upload_settings.upload).first()
    if upload is None:
        raise FileGone(_("The file of this upload is not kept any more."), _("Upload it again."))
    sheet = sheet_of(upload)
    header_row = upload.columns["header_row"]
    header = next((row.cells for row in sheet.rows if row.number == header_row), [])
    fields = {int(index): field for index, field in upload.columns["fields"].items() if field}
    columns = [
        MatchedColumn(index, (header[index] or "").strip(), field)
        for index, field in sorted(fields.items())
    ]
    order = upload.settings.get("date_order") or upload.columns["date_order"]
    blank_clears = upload.settings.get("blank_clears", False)
    return Roster(
        sheet,
        header_row,
        sum(1 for row in sheet.rows if row.number > header_row),
        RowMapper(columns, DateOrder(order), upload.columns["value_maps"], blank_clears, EXAMPLE),
        {
            int(row): {int(index): text for index, text in cells.items()}
            for row, cells in upload.corrections.items()
        },
        upload.settings.get("only_existing", False),
    )


def _judge(run: Run, roster: Roster, lease: Lease) -> SheetCheck:
    """What only the whole file tells: which account each row means, and which rows contradict each other."""
    keys: list[RowKeys] = []
    for row in roster.rows():
        keys.append(RowKeys.of(roster.mapper.map(row)))
        if len(keys) % BATCH == 0:
            lease.check()
    return check_sheet(keys, _accounts(run, keys))


def _accounts(run: Run, keys: list[RowKeys]) -> list[SheetKey]:
    sis_ids = list({key.sis_id for key in keys if key.sis_id})
    student_numbers = list({key.student_number for key in keys if key.student_number})
    return store.load_sheet_keys(
        run.school_id,
        sis_ids,
        student_numbers,
        list({key.email_key for key in keys if key.email_key}),
    )


def _decide(
    run: Run, rows: list[SheetRow], roster: Roster, judged: SheetCheck
) -> tuple[list[Change], list[Issue]]:
    """Decide a batch; the full rows of the accounts concerned are loaded together."""
    found = {row.number: judged.matches[row.number] for row in rows if row.number in judged.matches}
    accounts = store.load_accounts(
        run.school_id, (match.account.id for match in found.values() if match.account is not None)
    )
    changes: list[Change] = []
    issues: list[Issue] = []
    for row in rows:
        decided = _decide_row(row, found.get(row.number), accounts, roster, judged)
        if isinstance(decided, Change):
            changes.append(decided)
            issues += row.issues
        else:
            issues += chain(row.issues, decided)
    return changes, clashes.with_holders(run, issues)


def _decide_row(
    row: SheetRow,
    found: RowMatch | None,
    accounts: dict[bytes, Account],
    roster: Roster,
    judged: SheetCheck,
) -> Change | tuple[Issue, ...]:
    if row.number in judged.repeats:
        return (roster.mapper.issue("row_twice", row, "", Severity.NOTE),)
    if row.number in judged.conflicts:
        code, field = judged.conflicts[row.number]
        return (
            roster.mapper.issue(code, row, field)._replace(
                other=clashes.rows(row.number, judged.sharing.get(row.number, ()))
            ),
        )
    if found is None:
        return ()
    account = accounts.get(found.account.id) if found.account is not None else None
    return decide_row(row, found, account, roster.mapper, roster.only_existing)
