"""Removes files with a student: uploads in the database, and caught mails on the disk."""

import html
import io
import zipfile
from collections.abc import Iterator
from typing import Final

from rollbook.config import config
from rollbook.schools.models import School
from rollbook.sync.erasing.traces import Traces
from rollbook.sync.models import Run, Upload, UploadState
from rollbook.sync.runs import decisions

# As uploads are written; see sources.spreadsheet.
ENCODINGS: Final = ("utf-8", "utf-16", "cp1252", "mac_roman")


def remove_files(school: School, traces: Traces) -> int:
    """Remove the files of uploads that name the student; return how many. Drafts are discarded."""
    number = 0
    uploads = Upload.objects.filter(school=school).exclude(content=b"").order_by("pk")
    for upload_id in list(uploads.values_list("pk", flat=True)):
        upload = Upload.objects.get(pk=upload_id)
        if _names_student(bytes(upload.content), upload, traces):
            empty(upload)
            number += 1
    _remove_caught_mails(traces)
    return number


def empty(upload: Upload) -> None:
    """Remove the file of an upload. A draft is discarded, and its preview with it."""
    columns = {"content": b"", "corrections": {}, "sha256": "", "columns": {}}
    if upload.state == UploadState.DRAFT:
        columns["state"] = UploadState.DISCARDED
        for preview in Run.objects.filter(upload=upload).select_related("school"):
            decisions.discard(preview, None, "worker")
    Upload.objects.filter(pk=upload.pk).update(**columns)


def _names_student(content: bytes, upload: Upload, traces: Traces) -> bool:
    """Return whether a file may name the student. One that can't be searched may."""
    corrections = str(upload.corrections) + str(upload.columns.get("value_maps", ""))
    if traces.is_in(corrections) or traces.is_in(upload.file_name):
        return True
    return any(_is_named(text.casefold(), traces) for text in _texts(content))


def _is_named(text: str, traces: Traces) -> bool:
    if any(each in text for each in traces.texts):
        return True
    ids = {sis_id.casefold() for _source, sis_id in traces.sis_ids}
    if any(each in text for each in ids):
        return True
    names = (name.casefold().split() for name in traces.names)
    return any(all(word in text for word in words) for words in names)


def _texts(content: bytes) -> Iterator[str]:
    """Yield the text of a file in each encoding that it may have; of a workbook, all of it."""
    if not content.startswith(b"PK"):
        for encoding in ENCODINGS:
            yield content.decode(encoding, "ignore")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = []
            for member in archive.infolist():
                with archive.open(member) as part:
                    parts.append(part.read(config.upload_unpacked_bytes))
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
        return
    yield html.unescape(b" ".join(parts).decode("utf-8", "ignore"))


def _remove_caught_mails(traces: Traces) -> None:
    """Remove the caught mails to the student; there are some in a demo only."""
    folder = config.caught_mail
    if folder is None or not folder.is_dir():
        return
    for file in folder.glob("*.eml"):
        if traces.is_in(file.read_text(errors="ignore")):
            file.unlink(missing_ok=True)
