"""Drafts of uploads: started with a file, read by settings, corrected, discarded.

A draft survives a closed browser. `column_choice` says what its columns fill, `previews` plans it
and applies it; until then no account is changed.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from rollbook.config import config
from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.schools import audit, clock
from rollbook.schools.models import School, User
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.reader import header_row as require_header
from rollbook.sources.spreadsheet.rows import HiddenRows
from rollbook.sync.models import Upload, UploadState
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.uploads.column_memory import remember
from rollbook.sync.uploads.locked_draft import copy_saved, lock_draft, lock_without_content
from rollbook.sync.uploads.sheets import READING_SETTINGS, sheet_of

LONGEST_CORRECTION: Final = 2_000  # characters


class Settings(NamedTuple):
    """How an upload is read and applied. None means: as detected, or as guessed."""

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    date_order: str | None = None
    blank_clears: bool = False
    only_existing: bool = False
    accept_lookalikes: bool = False
    hidden_rows: str | None = None

    @property
    def reading(self) -> tuple[str | None, ...]:
        """The settings that decide what the cells hold."""
        return tuple(getattr(self, key) for key in READING_SETTINGS)


@transaction.atomic
def start(
    school: School, by: User | None, file_name: str, content: bytes, via: str = "web", **chosen: Any
) -> Upload:
    """Take a file in as a draft. `chosen` are settings and `header_row`, if they are known already.

    The same file sent again by the same person, as by a double click, is the draft that they have
    if nothing was chosen for it yet. Raises an `UploadRefused`, and then stores nothing.
    """
    upload = Upload(
        school=school,
        made_by=by,
        via=via,
        file_name=_printable(file_name)[-200:],
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        settings={key: value for key, value in chosen.items() if value},
        expires_at=clock.now() + timedelta(days=config.upload_days),
    )
    sheet = sheet_of(upload)
    if len(sheet.sheets) < 2 and not chosen.get("header_row"):
        require_header(sheet)
    # One after the other: of two that arrive together the second finds the first.
    School.objects.select_for_update(no_key=True).only("pk").get(pk=school.pk)
    untouched = _untouched_twin(upload)
    if untouched is not None:
        return untouched
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


def _untouched_twin(upload: Upload) -> Upload | None:
    """Return the draft of the same file by the same person for which nothing was chosen yet.

    It is kept as long as a new one.
    """
    twin = (
        Upload.objects.select_for_update(of=("self",))
        .select_related("school", "run")
        .filter(
            school_id=upload.school_id,
            made_by=upload.made_by,
            via=upload.via,
            sha256=upload.sha256,
            file_name=upload.file_name,
            state=UploadState.DRAFT,
            run=None,
            settings=upload.settings,
            columns={},
            corrections={},
            expires_at__gt=Now(),
        )
        .order_by("-created_at")
        .first()
    )
    if twin is not None:
        twin.expires_at = upload.expires_at
        twin.save(update_fields=["expires_at", "updated_at"])
    return twin


def _printable(file_name: str) -> str:
    """Return the name of a file with boxes in place of bytes that no encoding reads."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in file_name)


def open_drafts(school: School) -> QuerySet[Upload]:
    """Return the drafts of a school, newest first, without their files."""
    drafts = Upload.objects.filter(school=school, state=UploadState.DRAFT, expires_at__gt=Now())
    return drafts.defer("content").select_related("run", "made_by").order_by("-created_at")


def settings_of(upload: Upload) -> Settings:
    """Return the settings of an upload."""
    stored = {key: upload.settings[key] for key in Settings._fields if key in upload.settings}
    return Settings(**stored)


def save_settings(upload: Upload, by: User | None, settings: Settings, via: str = "web") -> None:
    """Save how the file is read.

    Another sheet, encoding or delimiter forgets the chosen columns and the corrections. Raises
    SettingRefused, or an `UploadRefused` if the file cannot be read so; then nothing is saved.
    """
    _check_settings(settings)
    with transaction.atomic():
        draft = lock_draft(upload)
        rereads = settings.reading != settings_of(draft).reading
        header_row = {} if rereads else _only(draft.settings, "header_row")
        draft.settings = {**settings._asdict(), **header_row}
        if rereads:
            draft.columns, draft.corrections = {}, {}
            sheet_of(draft)
        draft.save(update_fields=["settings", "columns", "corrections", "updated_at"])
        if settings.date_order:
            remember(draft, date_order=settings.date_order)
        noted = {key: value for key, value in settings._asdict().items() if value}
        noted.pop("sheet", None)
        audit.record(
            "upload.settings_saved",
            school=draft.school,
            actor=by,
            subject=str(draft.pk),
            via=via,
            **noted,
        )
    copy_saved(draft, upload)


def correct_cells(
    upload: Upload, by: User | None, cells: Mapping[tuple[int, int], str], via: str = "web"
) -> None:
    """Replace the text of cells, by row number and column position.

    The next preview then plans anew. Raises SettingRefused.
    """
    if any(len(text) > LONGEST_CORRECTION for text in cells.values()):
        raise SettingRefused("cells", _("The text is longer than a value can be."))
    with transaction.atomic():
        draft = lock_draft(upload)
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
    copy_saved(draft, upload)


def discard(upload: Upload, by: User | None, via: str = "web") -> bool:
    """Discard a draft with its preview and its file. False if it is no draft any more."""
    with transaction.atomic():
        draft = lock_without_content(upload)
        if draft.state != UploadState.DRAFT:
            return False
        run = draft.run
        discarded = run is None or decisions.discard(run, by, via)
        # One that is still being planned is no preview yet, and is removed.
        if run is not None and not discarded and requests.replace_preview(run):
            draft.run = None
        draft.state, draft.content = UploadState.DISCARDED, b""
        draft.save(update_fields=["state", "content", "run", "updated_at"])
        audit.record(
            "upload.discarded", school=draft.school, actor=by, subject=str(draft.pk), via=via
        )
    upload.state, upload.run = draft.state, draft.run
    return True


def sweep_uploads() -> None:
    """Discard old previews, and delete the files that have expired."""
    requests.expire_previews()
    Upload.objects.filter(expires_at__lte=Now()).delete()


def _check_settings(settings: Settings) -> None:
    """Raise SettingRefused for a value that is none of the choices."""
    for field, value, choices in (
        ("encoding", settings.encoding, list(ENCODINGS)),
        ("delimiter", settings.delimiter, list(DELIMITERS)),
        ("date_order", settings.date_order, list(DateOrder)),
        ("hidden_rows", settings.hidden_rows, list(HiddenRows)),
    ):
        if value and value not in choices:
            text = _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)}
            raise SettingRefused(field, text)


def _only(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: values[key]} if key in values else {}
