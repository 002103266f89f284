"""The preview of an upload: asked for, and confirmed exactly as it was shown."""

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.sheets.full_names import account_fields
from rollbook.schools.models import User
from rollbook.sync.models import Run, Upload, UploadSettings, UploadState
from rollbook.sync.refusals import RunRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.uploads.column_choice import accept_columns
from rollbook.sync.uploads.locked_draft import (
    copy_saved,
    input_digest,
    lock_draft,
    lock_without_content,
    upload_closed,
)


def preview(upload: Upload, by: User | None, via: str = "web", *, again: bool = False) -> Run:
    """Ask for the plan of an upload, which a worker makes. The same input gets the same run.

    `again` asks for a new one in any case: an account was changed.
    Columns that nobody chose are taken as they were remembered or guessed. Raises SettingRefused,
    an `UploadRefused` or RunRefused.
    """
    if not upload.columns:
        accept_columns(upload, by, via=via)
    with transaction.atomic():
        draft = lock_draft(upload)
        digest = input_digest(draft)
        if again or draft.run is None or not _shows(draft.run, digest):
            if draft.run is not None:
                replaced = requests.replace_preview(draft.run)
                if not replaced and draft.run.is_active:
                    raise upload_closed()
            draft.run = requests.request_preview(draft.school, by, _settings(draft, digest), via)
            draft.save(update_fields=["run", "updated_at"])
    copy_saved(draft, upload)
    return draft.run


def confirm(
    upload: Upload, by: User | None, via: str = "web", *, accept_alarms: bool = False
) -> bool:
    """Let exactly what was shown in the preview be applied.

    A preview with alarms needs `accept_alarms`: the person has confirmed their numbers as well.
    Returns False if there is no preview any more, as after a second click. Raises RunRefused.
    """
    with transaction.atomic():
        draft = lock_without_content(upload)
        if draft.state != UploadState.DRAFT or draft.run is None:
            return False
        if draft.run.upload_settings.input != input_digest(draft):
            raise RunRefused(
                "preview_outdated",
                _("Nothing was written, because something was changed after the preview was made."),
                _("Look at the new preview, then confirm that."),
            )
        if not decisions.confirm(draft.run, by, via, accept_alarms=accept_alarms):
            return False
        draft.state = UploadState.CONFIRMED
        draft.save(update_fields=["state", "updated_at"])
    upload.state, upload.run = draft.state, draft.run
    return True


def _shows(run: Run, digest: str) -> bool:
    """Return whether a run is the preview of this input."""
    return run.awaits_confirming and run.upload_settings.input == digest


def _settings(draft: Upload, digest: str) -> UploadSettings:
    names = draft.columns["names"]
    fields = draft.columns["fields"]
    mapping = tuple(
        (names[position], field)
        for position, choice in fields.items()
        for field in account_fields(choice)
    )
    return UploadSettings(
        upload=str(draft.pk),
        file_name=draft.file_name,
        mapping=mapping,
        input=digest,
        free_emails_after=draft.school.free_emails_after,
    )
