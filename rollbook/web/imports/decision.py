"""Step 4 of Import Users: correct cells, download the failing rows, confirm, or discard."""

import re
from io import BytesIO
from typing import Final
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rollbook.schools import audit
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Run, Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import drafts, previews
from rollbook.sync.uploads.failing_rows import KINDS, file_name, write_failing_rows
from rollbook.sync.words.alarms import confirmation_words
from rollbook.web.access import SchoolRequest, own_row, school_required
from rollbook.web.forms import Form, number_in_name
from rollbook.web.imports.file import file_response
from rollbook.web.imports.steps import (
    draft_required,
    next_address,
    redirect_from_closed,
    refusal_words,
)

CELL: Final = re.compile(r"cell-([^-]*)-(.*)", re.DOTALL)  # row number and column index


class ConfirmForm(Form):
    """The run whose preview a person has seen."""

    run = forms.UUIDField()


class AlarmsForm(Form):
    """What a person confirms besides: a tick for each alarm of the preview, with its number."""

    def __init__(self, run: Run, data: QueryDict | None = None) -> None:
        super().__init__(data)
        for alarm in run.alarms:
            label = confirmation_words(alarm)
            self.fields[f"accept-{alarm['code']}"] = forms.BooleanField(label=label)

    @property
    def ticks(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields]


class CorrectionsForm(Form):
    """The cells that can be corrected, each with its old value."""

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.cells: list[tuple[int, int]] = []
        for match in filter(None, map(CELL.fullmatch, data)):
            self.cells.append((number_in_name(match[1]), number_in_name(match[2])))
        for row, column in self.cells:
            self.fields[f"cell-{row}-{column}"] = forms.CharField(required=False, strip=False)
            self.fields[f"was-{row}-{column}"] = forms.CharField(required=False, strip=False)

    def corrected(self) -> dict[tuple[int, int], str]:
        """Return the cells that were changed, by row number and column index."""
        corrected = {}
        for row, column in self.cells:
            text = self.cleaned_data[f"cell-{row}-{column}"]
            if text != self.cleaned_data[f"was-{row}-{column}"]:
                corrected[row, column] = text.strip()
        return corrected


@require_POST
@draft_required
def import_confirm(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Confirm exactly the run that was looked at. An older page confirms nothing."""
    seen = ConfirmForm(request.POST).given("run")
    if upload.run is None or seen != upload.run.pk:
        messages.warning(
            request,
            _(
                "Nothing was written. This preview was replaced by a newer one. "
                "Review the new one, then confirm it."
            ),
        )
        return redirect(next_address(upload))
    accepted = AlarmsForm(upload.run, request.POST).is_valid()
    if not accepted and upload.run.awaits_confirming:
        messages.error(
            request,
            _("Nothing was written yet. Tick what you confirm, then press Confirm again."),
        )
        return redirect(f"{next_address(upload)}?confirm=upload#upload-dialog")
    if not previews.confirm(upload, request.person, accept_alarms=accepted):
        upload.refresh_from_db(fields=["state", "run"])
        return redirect_from_closed(request, upload)
    return redirect(next_address(upload))


@require_POST
@draft_required
def import_discard(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Discard a draft."""
    drafts.discard(upload, request.person)
    messages.success(request, _("Discarded. Nothing was written."))
    return redirect("import-file", request.school.pk)


@require_POST
@draft_required
def import_correct(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Save the corrected cells and check everything again."""
    form = CorrectionsForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_error)
        return redirect(next_address(upload))
    cells = form.corrected()
    try:
        if cells:
            drafts.correct_cells(upload, request.person, cells)
        else:
            messages.info(
                request, _("Nothing was corrected yet. Type the right value into a field first.")
            )
        run = previews.preview(upload, request.person)
    except SettingRefused as refused:
        messages.error(request, refused.what)
        return redirect(next_address(upload))
    return redirect("run", request.school.pk, run.pk)


@school_required(manage=True)
def failing_rows(request: SchoolRequest, upload_id: UUID, kind: str) -> HttpResponse:
    """Send the rows that failed, each with its problem. Only the audit log is written."""
    upload = own_row(request, Upload.objects.select_related("school", "run"), pk=upload_id)
    if kind not in KINDS:
        raise Http404
    target = BytesIO()
    try:
        number = write_failing_rows(upload, target, kind)
    except UploadRefused as refused:
        messages.warning(request, refusal_words(refused))
        return redirect(next_address(upload))
    audit.record(
        "upload.rows_exported",
        school=request.school,
        actor=request.person,
        subject=str(upload.pk),
        rows=number,
        kind=kind,
    )
    return file_response(target, file_name(upload.file_name, number, kind), kind)
