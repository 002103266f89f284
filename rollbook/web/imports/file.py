"""Step 1 of Import Users: choose a file, get the template, or continue an unfinished upload."""

from io import BytesIO
from typing import Any

from django import forms
from django.http import FileResponse, Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from rollbook.config import config
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload
from rollbook.sync.report.excel import XLSX
from rollbook.sync.uploads import drafts, template
from rollbook.sync.uploads.failing_rows import KINDS
from rollbook.sync.words.text import number
from rollbook.web.access import SchoolRequest, school_required
from rollbook.web.forms import Form
from rollbook.web.imports.steps import context_of, refusal_words
from rollbook.web.imports.upload_limit import TOO_LARGE

TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
SHOWN_DRAFTS = 20


class FileForm(Form):
    """The file to import. Its content is checked when it is taken in."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        allow_empty_file=True,
        error_messages={
            "required": gettext_lazy(
                "No file was chosen. Choose a file, or drag one onto the field."
            )
        },
        widget=forms.FileInput(
            attrs={"accept": ".csv,.txt,.tsv,.xls,.xlsx,.ods", "data-file-drop": True}
        ),
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        files: MultiValueDict[str, Any] | None = None,
        *,
        is_too_large: bool = False,
    ) -> None:
        super().__init__(data, files, auto_id="%s")
        megabytes = config.upload_bytes // 1_000_000
        figures = {"rows": number(config.upload_rows), "megabytes": megabytes}
        field = self.fields["file"]
        field.help_text = (
            _(".csv, .xls, .xlsx or .ods, with up to %(rows)s rows and %(megabytes)s MB") % figures
        )
        if is_too_large:  # then the form arrives without its file
            field.error_messages["required"] = (
                _(
                    "The file is larger than %(megabytes)d MB. "
                    "Save only the sheet with the students as a new file, without pictures, "
                    "or split it into several files."
                )
                % figures
            )


@require_http_methods(["GET", "POST"])
@school_required(manage=True)
def import_file(request: SchoolRequest) -> HttpResponse:
    """Show the field for a file, and take a file in as a draft."""
    if request.method == "POST":
        # META holds TOO_LARGE only after POST was read, so it has to stand behind it here.
        form = FileForm(request.POST, request.FILES, is_too_large=TOO_LARGE in request.META)
        upload = _taken_in(request, form)
        if upload is not None:
            return redirect("import-settings", request.school.pk, upload.pk)
    else:
        form = FileForm()
    unfinished = drafts.open_drafts(request.school)[:SHOWN_DRAFTS]
    context = context_of("1", None, form=form, drafts=unfinished, days=config.upload_days)
    status = 422 if form.errors else 200
    return render(request, "web/imports/import_file.html", context, status=status)


def _taken_in(request: SchoolRequest, form: FileForm) -> Upload | None:
    """Take a file in as a draft. Return None if it is refused; then the form holds the reason."""
    if not form.is_valid():
        return None
    file = form.cleaned_data["file"]
    try:
        return drafts.start(request.school, request.person, file.name, file.read())
    except UploadRefused as refused:
        form.add_error("file", refusal_words(refused))
        return None


@school_required(manage=True)
def import_template(request: SchoolRequest, kind: str) -> HttpResponse:
    """Send the template as xlsx or csv."""
    if kind not in KINDS:
        raise Http404
    target = BytesIO()
    template.write_template(kind, target)
    return file_response(target, f"students-template.{kind}", kind)


def file_response(target: BytesIO, name: str, kind: str) -> HttpResponse:
    """Send a written file for download."""
    target.seek(0)
    response: Any = FileResponse(
        target, as_attachment=True, filename=name, content_type=TYPES[kind]
    )
    download: HttpResponse = response
    return download
