"""A spreadsheet's way in, as the Bulk Uploader and `rollbook upload` go it: start, look, settings, columns, preview, correct, confirm.

Nothing is written to an account before `confirm`; everything up to there is a draft that survives a closed browser.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.cell_values import DateOrder
from rollbook.roster.columns import ACTIVE
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.sheet_rows import (
    IDENTIFYING,
    UPLOAD_FIELDS,
    UPLOAD_REQUIRED,
    VALUE_MAP_FIELDS,
    is_understood,
)
from rollbook.schools import audit
from rollbook.schools.models import School, User
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.reader import header_row as require_header
from rollbook.sources.spreadsheet.rows import Sheet
from rollbook.sync.models import ColumnMemory, Run, Upload, UploadSettings, UploadState
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.uploads import failing_rows as upload_files
from rollbook.sync.uploads.inspection import (
    Column,
    Look,
    Word,
    column_keys,
    dates_of,
    look,
    meanings_of,
    memory_of,
    rows_below,
    sheet_of,
)

__all__ = ["Column", "Look", "Settings", "Word", "failing_rows", "look", "write_template"]

failing_rows = upload_files.failing_rows
write_template = upload_files.write_template
LONGEST_CORRECTION = 2_000


class Settings(NamedTuple):
    """How an upload is read and taken. None is: as detected, or as guessed."""

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    date_order: str | None = None
    blank_clears: bool = False
    only_existing: bool = False


@transaction.atomic
def start(
    school: School, by: User | None, file_name: str, content: bytes, via: str = "web", **chosen: Any
) -> Upload:
    """Take a file in as a draft. `chosen` are settings and `header_row`, where they are known already.

    Raises an `UploadRefused` and then stores nothing.
    """
    upload = Upload(
        school=school,
        made_by=by,
        via=via,
        file_name=file_name[-200:],
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        settings={key: value for key, value in chosen.items() if value},
        expires_at=timezone.now() + timedelta(days=config.upload_days),
    )
    sheet = sheet_of(upload)
    if len(sheet.sheets) < 2 and not chosen.get("header_row"):
        require_header(sheet)
    upload.save(force_insert=True)
    audit.record(
        "upload.started",
        school=school,
        actor=by,
        subject=str(upload.pk),
        via=via,
        bytes=len(content),
        rows=len(sheet.rows),
    )
    return upload


def drafts(school: School) -> QuerySet[Upload]:
    """The uploads of a school that were neither confirmed nor discarded, newest first, without their content."""
    found = Upload.objects.filter(school=school, state=UploadState.DRAFT, expires_at__gt=Now())
    return found.defer("content").select_related("run", "made_by").order_by("-created_at")


def settings_of(upload: Upload) -> Settings:
    return Settings(
        **{key: upload.settings[key] for key in Settings._fields if key in upload.settings}
    )


def save_settings(
    upload: Upload,
    by: User | None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    date_order: str | None = None,
    blank_clears: bool = False,
    only_existing: bool = False,
    via: str = "web",
) -> None:
    """Save how the file is read. Another sheet, encoding or delimiter forgets the columns and corrections that were chosen.

    Raises SettingRefused, or an `UploadRefused` where the file can't be read so; then nothing is saved.
    """
    for field, value, known in (
        ("encoding", encoding, ENCODINGS),
        ("delimiter", delimiter, DELIMITERS),
    ):
        if value and value not in known:
            raise SettingRefused(
                field, _("Choose one of: %(choices)s.") % {"choices": ", ".join(known)}
            )
    if date_order and date_order not in set(DateOrder):
        raise SettingRefused(
            "date_order", _("Choose one of: %(choices)s.") % {"choices": ", ".join(DateOrder)}
        )
    wanted = Settings(
        sheet or None,
        encoding or None,
        delimiter or None,
        date_order or None,
        blank_clears,
        only_existing,
    )
    with transaction.atomic():
        draft = _draft(upload)
        reread = wanted[:3] != settings_of(draft)[:3]
        kept = (
            {}
            if reread
            else {key: value for key, value in draft.settings.items() if key == "header_row"}
        )
        draft.settings = {**wanted._asdict(), **kept}
        if reread:
            draft.columns, draft.corrections = {}, {}
            sheet_of(draft)
        draft.save(update_fields=["settings", "columns", "corrections", "updated_at"])
        if date_order:
            _remember(draft, {}, {}, date_order)
        told = {key: value for key, value in wanted._asdict().items() if value and key != "sheet"}
        audit.record(
            "upload.settings_saved",
            school=draft.school,
            actor=by,
            subject=str(draft.pk),
            via=via,
            **told,
        )
    _copy(draft, upload)


def save_columns(
    upload: Upload,
    by: User | None,
    *,
    header_row: int,
    fields: Mapping[int, str | None],
    value_maps: Mapping[str, Mapping[str, str]] | None = None,
    via: str = "web",
) -> None:
    """Save what each column fills, by its index (None ignores it), and what the school's words mean, by field.

    Raises SettingRefused naming what is missing, and then saves nothing.
    """
    _save_columns(upload, by, sheet_of(upload), header_row, fields, value_maps or {}, via)


def _save_columns(
    upload: Upload,
    by: User | None,
    sheet: Sheet,
    header_row: int,
    fields: Mapping[int, str | None],
    value_maps: Mapping[str, Mapping[str, str]],
    via: str,
) -> None:
    chosen = {index: fields[index] or None for index in sorted(fields)}
    meanings = {field: dict(words) for field, words in value_maps.items()}
    header = next((row.cells for row in sheet.rows if row.number == header_row), None)
    if header is None:
        raise SettingRefused(
            "header_row",
            _("There is no row %(number)s with something in it.") % {"number": header_row},
        )
    if any(not 0 <= index < len(header) for index in chosen):
        raise SettingRefused("columns", _("One of the columns is not in the file."))
    _check_meanings(meanings)
    names = {index: (header[index] or "").strip() for index in chosen}
    with transaction.atomic():
        draft = _draft(upload)
        _check_columns(chosen, settings_of(draft).only_existing)
        dates = next((index for index, field in chosen.items() if field == "birth_date"), None)
        draft.columns = {
            "header_row": header_row,
            "fields": {str(index): field for index, field in chosen.items()},
            "names": {str(index): name for index, name in names.items()},
            "value_maps": _meanings(draft, meanings),
            "date_order": dates_of(rows_below(sheet, header_row), dates, memory_of(draft)).order,
        }
        draft.save(update_fields=["columns", "updated_at"])
        keys = column_keys(header)
        _remember(
            draft,
            {keys[index]: field for index, field in chosen.items() if names[index]},
            meanings,
            "",
        )
        audit.record(
            "upload.columns_saved",
            school=draft.school,
            actor=by,
            subject=str(draft.pk),
            via=via,
            columns=len(chosen),
        )
    _copy(draft, upload)


def _meanings(draft: Upload, given: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """What the school's words mean: as said now, else as remembered."""
    draft.columns = {"value_maps": given}
    return meanings_of(draft, memory_of(draft))


def _check_columns(chosen: Mapping[int, str | None], only_existing: bool) -> None:
    labels = {key: field.label for key, field in STUDENT_FIELDS.items()} | {ACTIVE: "Active"}
    filled = [field for field in chosen.values() if field]
    if unknown := [field for field in filled if field not in UPLOAD_FIELDS]:
        raise SettingRefused("columns", _("There is no field %(name)s.") % {"name": unknown[0]})
    if twice := [labels[field] for field in UPLOAD_FIELDS if filled.count(field) > 1]:
        raise SettingRefused(
            "columns",
            _("More than one column fills: %(names)s. Ignore all but one.")
            % {"names": ", ".join(twice)},
        )
    if only_existing and not set(IDENTIFYING).intersection(filled):
        names = ", ".join(labels[field] for field in IDENTIFYING)
        raise SettingRefused(
            "columns",
            _("One of these is needed, to tell whom a row is about: %(names)s.") % {"names": names},
        )
    if not only_existing and (
        missing := [labels[field] for field in UPLOAD_REQUIRED if field not in filled]
    ):
        raise SettingRefused(
            "columns",
            _("No column fills what is required: %(names)s.") % {"names": ", ".join(missing)},
        )


def _check_meanings(meanings: Mapping[str, Mapping[str, str]]) -> None:
    for field, words in meanings.items():
        if field not in VALUE_MAP_FIELDS:
            raise SettingRefused("value_maps", _("There is no field %(name)s.") % {"name": field})
        if field == ACTIVE and any(
            meaning and not is_understood(ACTIVE, meaning) for meaning in words.values()
        ):
            raise SettingRefused("value_maps", _("For Active, choose TRUE or FALSE."))


def _remember(
    upload: Upload,
    fields: Mapping[str, str | None],
    meanings: Mapping[str, Mapping[str, str]],
    date_order: str,
) -> None:
    """Keep what the school said, for the next file."""
    memory, _created = ColumnMemory.objects.select_for_update().get_or_create(
        school_id=upload.school_id
    )
    claimed = {field for field in fields.values() if field}
    memory.fields = {
        name: field for name, field in memory.fields.items() if field not in claimed
    } | dict(fields)
    for field, words in meanings.items():
        memory.value_maps[field] = {**memory.value_maps.get(field, {}), **words}
    memory.date_order = date_order or memory.date_order
    memory.save()


def preview(upload: Upload, by: User | None, via: str = "web") -> Run:
    """Ask for the plan of an upload; a worker makes it, and the run shows how far it is. The same input again gets the same run.

    Columns that nobody chose are taken as they were remembered or guessed. Raises SettingRefused, an `UploadRefused` or RunRefused.
    """
    if not upload.columns:
        accept(upload, by, via=via)
    with transaction.atomic():
        draft = _draft(upload)
        seen = _input(draft)
        if draft.run is not None:
            if draft.run.awaits_confirming and draft.run.upload_settings.input == seen:
                _copy(draft, upload)
                return draft.run
            if not requests.replace_preview(draft.run) and draft.run.is_active:
                raise _closed()
        mapping = tuple(
            (draft.columns["names"][index], field)
            for index, field in draft.columns["fields"].items()
            if field
        )
        settings = UploadSettings(
            upload=str(draft.pk), file_name=draft.file_name, mapping=mapping, input=seen
        )
        draft.run = requests.request_preview(draft.school, by, settings, via)
        draft.save(update_fields=["run", "updated_at"])
    _copy(draft, upload)
    return draft.run


def accept(
    upload: Upload,
    by: User | None,
    fields: Mapping[int, str | None] | None = None,
    value_maps: Mapping[str, Mapping[str, str]] | None = None,
    via: str = "web",
) -> None:
    """Save the columns as they were remembered or guessed, but for `fields`. Raises SettingRefused where that isn't clear."""
    sheet = sheet_of(upload)
    seen = look(upload, sheet)
    if seen.header_row is None:
        raise SettingRefused(
            "header_row", _("No row looks like the names of columns. Choose the row that does.")
        )
    chosen = {column.position: column.field for column in seen.columns} | dict(fields or {})
    given = {field for field in (fields or {}).values() if field}
    chosen = {
        index: None if field in given and index not in (fields or {}) else field
        for index, field in chosen.items()
    }
    unclear = [
        name
        for name, places in seen.open_repeats.items()
        if not set(places) <= set(fields or {}) and any(map(chosen.get, places))
    ]
    if unclear and not any(set(seen.repeated[name]) & set(fields or {}) for name in unclear):
        raise SettingRefused(
            "columns",
            _("More than one column is named: %(names)s. Say which of them counts.")
            % {"names": ", ".join(unclear)},
        )
    _save_columns(upload, by, sheet, seen.header_row, chosen, value_maps or {}, via)


def correct_cells(
    upload: Upload, by: User | None, cells: Mapping[tuple[int, int], str], via: str = "web"
) -> None:
    """Put other texts into cells, by row number and column index. `preview` again then makes a new plan. Raises SettingRefused."""
    if any(len(text) > LONGEST_CORRECTION for text in cells.values()):
        raise SettingRefused("cells", _("The text is longer than a value can be."))
    with transaction.atomic():
        draft = _draft(upload)
        for (number, column), text in cells.items():
            draft.corrections.setdefault(str(int(number)), {})[str(int(column))] = text
        draft.save(update_fields=["corrections", "updated_at"])
        audit.record(
            "upload.corrected",
            school=draft.school,
            actor=by,
            subject=str(draft.pk),
            via=via,
            cells=len(cells),
        )
    _copy(draft, upload)


def confirm(upload: Upload, by: User | None, via: str = "web") -> bool:
    """Let exactly what was previewed be applied. False where there is no preview (any more), as at a second click. Raises RunRefused."""
    with transaction.atomic():
        held = (
            Upload.objects.defer("content")
            .select_for_update(of=("self",))
            .select_related("run__school")
            .get(pk=upload.pk)
        )
        if held.state != UploadState.DRAFT or held.run is None:
            return False
        if held.run.upload_settings.input != _input(held):
            raise RunRefused(
                "preview_outdated",
                _("Nothing was written, because something was changed after the preview was made."),
                _("Look at the new preview, then confirm that."),
            )
        if not decisions.confirm(held.run, by, via):
            return False
        held.state = UploadState.CONFIRMED
        held.save(update_fields=["state", "updated_at"])
    upload.state, upload.run = held.state, held.run
    return True


def discard(upload: Upload, by: User | None, via: str = "web") -> bool:
    """Put a draft aside, with its preview and its file. False where it was confirmed or discarded before."""
    with transaction.atomic():
        held = (
            Upload.objects.defer("content")
            .select_for_update(of=("self",))
            .select_related("run__school", "school")
            .get(pk=upload.pk)
        )
        if held.state != UploadState.DRAFT:
            return False
        if (
            held.run is not None
            and not decisions.discard(held.run, by, via)
            and requests.replace_preview(held.run)
        ):
            held.run = None
        held.state, held.content = UploadState.DISCARDED, b""
        held.save(update_fields=["state", "content", "run", "updated_at"])
        audit.record(
            "upload.discarded", school=held.school, actor=by, subject=str(held.pk), via=via
        )
    upload.state, upload.run = held.state, held.run
    return True


def sweep_uploads() -> None:
    """Put old previews aside and delete the files whose time is over."""
    requests.expire_previews()
    Upload.objects.filter(expires_at__lte=Now()).delete()


def _draft(upload: Upload) -> Upload:
    """The upload as it is now, locked. Raises RunRefused where it is no draft any more."""
    draft = (
        Upload.objects.select_for_update(of=("self",))
        .select_related("school", "run")
        .filter(pk=upload.pk)
        .first()
    )
    if draft is None or draft.state != UploadState.DRAFT:
        raise _closed()
    return draft


def _closed() -> RunRefused:
    return RunRefused(
        "upload_closed",
        _(
            "Nothing was changed, because this upload was confirmed or discarded before, or its time is over."
        ),
        _("Upload the file again."),
    )


def _copy(draft: Upload, upload: Upload) -> None:
    """The caller's upload as it was saved."""
    for name in ("settings", "columns", "corrections", "state", "run"):
        setattr(upload, name, getattr(draft, name))


def _input(upload: Upload) -> str:
    """Tells one input of the planning from another."""
    told = [upload.sha256, upload.settings, upload.columns, upload.corrections]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
