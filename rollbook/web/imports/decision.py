"""Step 4 of Import Users, what a person does about a preview: correct cells, take the failing rows home, confirm, discard."""

from io import BytesIO
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.schools import audit
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import drafts
from rollbook.sync.uploads.failing_rows import KINDS, file_name
from rollbook.sync.words.text import translated
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.imports.file import file_response
from rollbook.web.imports.steps import after, closed, draft_required

CELL = "cell-"


@require_POST
@draft_required
def import_confirm(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """The run that was looked at is the one that is confirmed: an older page confirms nothing."""
    if upload.run is None or request.POST.get("run") != str(upload.run.pk):
        messages.warning(
            request,
            _(
                "Nothing was written: this preview was replaced by a newer one. Look at that, then confirm it."
            ),
        )
        return redirect(after(upload))
    if not drafts.confirm(upload, request.person):
        upload.refresh_from_db(fields=["state", "run"])
        return closed(request, upload)
    return redirect(after(upload))


@require_POST
@draft_required
def import_discard(request: SchoolRequest, upload: Upload) -> HttpResponse:
    drafts.discard(upload, request.person)
    messages.success(request, _("Discarded. Nothing was written."))
    return redirect("import-file", request.school.pk)


@require_POST
@draft_required
def import_correct(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Take the corrected cells over and check everything again."""
    cells = {}
    for key, text in request.POST.items():
        row, dash, column = key.removeprefix(CELL).partition("-")
        if (
            key.startswith(CELL)
            and dash
            and row.isdecimal()
            and column.isdecimal()
            and text != request.POST.get(f"was-{row}-{column}")
        ):
            cells[int(row), int(column)] = str(text).strip()
    try:
        if cells:
            drafts.correct_cells(upload, request.person, cells)
        else:
            messages.info(
                request, _("Nothing was corrected yet. Type the right value into a field first.")
            )
        return redirect("run", request.school.pk, drafts.preview(upload, request.person).pk)
    except SettingRefused as refused:
        messages.error(request, refused.what)
        return redirect(after(upload))


@school_required(manage=True)
def failing_rows(request: SchoolRequest, upload_id: UUID, kind: str) -> HttpResponse:
    """Only the rows that didn't go in, with what is wrong with each; a GET, because nothing changes but the audit log."""
    upload = get_object_or_404(
        Upload.objects.select_related("school", "run"), pk=upload_id, school=request.school
    )
    if kind not in KINDS:
        raise Http404
    target = BytesIO()
    try:
        number = drafts.failing_rows(upload, target, kind)
    except UploadRefused as refused:
        messages.warning(request, f"{translated(refused.what)} {translated(refused.remedy)}")
        return redirect(after(upload))
    audit.record(
        "upload.rows_exported",
        school=request.school,
        actor=request.person,
        subject=str(upload.pk),
        rows=number,
        kind=kind,
    )
    return file_response(target, file_name(upload.file_name, number, kind), kind)
