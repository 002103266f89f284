"""The row of an upload while it is changed: locked, still a draft, and copied to the caller."""

import hashlib
import json

from django.utils.translation import gettext as _

from rollbook.sync.models import Upload, UploadState
from rollbook.sync.refusals import RunRefused


def lock_draft(upload: Upload) -> Upload:
    """Return the upload as it is now, locked. Raises RunRefused if it is no draft any more."""
    uploads = Upload.objects.select_for_update(of=("self",)).select_related("school", "run")
    draft = uploads.filter(pk=upload.pk).first()
    if draft is None or draft.state != UploadState.DRAFT:
        raise upload_closed()
    return draft


def lock_without_content(upload: Upload) -> Upload:
    """Return the upload as it is now, locked, whatever its state, without the file."""
    uploads = Upload.objects.defer("content").select_for_update(of=("self",))
    return uploads.select_related("run__school", "school").get(pk=upload.pk)


def copy_saved(draft: Upload, upload: Upload) -> None:
    """Copy what was saved to the upload of the caller."""
    for name in ("settings", "columns", "corrections", "state", "run"):
        setattr(upload, name, getattr(draft, name))


def input_digest(upload: Upload) -> str:
    """Return a digest of all that the plan of an upload depends on."""
    parts = [upload.sha256, upload.settings, upload.columns, upload.corrections]
    if upload.school.free_emails_after is not None:
        parts.append(upload.school.free_emails_after)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def upload_closed() -> RunRefused:
    """Return the refusal of a change to an upload that is no draft any more."""
    return RunRefused(
        "upload_closed",
        _(
            "Nothing was changed, because this upload was confirmed or discarded before, or has "
            "expired."
        ),
        _("Upload the file again."),
    )
