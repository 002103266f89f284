"""Step 1 of Import Users: the file, by click or by drag and drop; the template; and drafts that were left half-way."""

from io import BytesIO
from typing import Any

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.config import config
from rollbook.sources.spreadsheet.errors import TooLarge, UploadRefused
from rollbook.sync.uploads import drafts
from rollbook.sync.uploads.failing_rows import KINDS
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.imports.steps import context_of
from rollbook.web.imports.upload_limit import TOO_LARGE
from rollbook.web.runs.download import XLSX

TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def import_file(request: SchoolRequest) -> HttpResponse:
    refused: UploadRefused | None = None
    if request.method == "POST":
        try:
            upload = drafts.start(request.school, request.person, *_file_of(request))
            return redirect("import-settings", request.school.pk, upload.pk)
        except UploadRefused as refusal:
            refused = refusal
    context = context_of(
        "1", None, refused=refused, drafts=drafts.drafts(request.school)[:20], limits=_limits()
    )
    return render(request, "web/imports/import_file.html", context, status=422 if refused else 200)


def _file_of(request: SchoolRequest) -> tuple[str, bytes]:
    file = request.FILES.get("file")
    if request.META.get(TOO_LARGE):
        raise TooLarge(
            _("The file is larger than %(size)d MB, which is the most that is read.")
            % {"size": config.upload_bytes // 1_000_000},
            _(
                "Save only the sheet with the students as a new file, without pictures, or split it into several files."
            ),
        )
    if file is None:
        raise UploadRefused(
            _("No file was chosen."), _("Choose a file, or drag one onto the field.")
        )
    return file.name or _("upload"), file.read()


def _limits() -> dict[str, Any]:
    return {
        "megabytes": config.upload_bytes // 1_000_000,
        "rows": config.upload_rows,
        "days": config.upload_days,
    }


@school_required(manage=True)
def import_template(request: SchoolRequest, kind: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    target = BytesIO()
    drafts.write_template(kind, target)
    return file_response(target, f"students-template.{kind}", kind)


def file_response(target: BytesIO, name: str, kind: str) -> HttpResponse:
    target.seek(0)
    response: Any = FileResponse(
        target, as_attachment=True, filename=name, content_type=TYPES[kind]
    )
    answer: HttpResponse = response
    return answer
