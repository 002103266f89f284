"""Step 3 of Import Users: which field each column fills.

The page offers guesses and what the school chose last time; a person decides.
"""

from typing import Any, Final, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.roster.fields import ACTIVE
from rollbook.roster.sheets.full_names import FULL_NAME, all_account_fields
from rollbook.roster.sheets.rows import COLUMN_CHOICES, IDENTIFYING, UPLOAD_REQUIRED
from rollbook.sync.models import Run, Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import column_choice, drafts, inspection, previews
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest
from rollbook.web.forms import Form
from rollbook.web.imports.columns_form import ColumnsForm, HeaderRowForm, word_name
from rollbook.web.imports.steps import context_of, draft_required
from rollbook.web.shown import note_shown

ROW_LENGTH: Final = 120  # characters that the choice of the header row shows of each row


class FieldChoice(NamedTuple):
    """One of our fields in the select box of a column."""

    key: str
    label: str
    required: bool


class AskedWord(NamedTuple):
    """A word of the school whose meaning the page asks for."""

    name: str
    word: inspection.Word
    label: str


@require_http_methods(["GET", "POST"])
@draft_required
def import_columns(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Show the columns below the header row that the address names, or save them."""
    note_shown(request, "upload.viewed", subject=upload.pk)
    if request.method != "POST":
        header = HeaderRowForm(request.GET)
        if header.is_valid():
            upload.columns = {}
            upload.settings = upload.settings | header.cleaned_data
        return _page(request, upload, None)
    form = ColumnsForm(request.POST)
    run = _planned(request, upload, form)
    if run is None and not form.errors and _has_unclear_dates(upload):
        messages.error(request, _("Choose first in which order the dates are written."))
        return redirect("import-settings", request.school.pk, upload.pk)
    if run is None:
        return _page(request, upload, form)
    return redirect("run", request.school.pk, run.pk)


def _planned(request: SchoolRequest, upload: Upload, form: ColumnsForm) -> Run | None:
    """Save the columns and ask for the preview.

    Return None if the form has errors, or if the columns hold dates or words that a person has to
    explain first.
    """
    try:
        if form.is_valid():
            column_choice.save_columns(
                upload,
                request.person,
                header_row=form.cleaned_data["header_row"],
                fields=form.columns(),
                value_maps=form.meanings(),
            )
            if _has_unclear_dates(upload) or _has_unasked_words(upload, form):
                return None
            return previews.preview(upload, request.person)
    except SettingRefused as refused:
        form.add_refusal(refused)
    upload.columns = {
        "header_row": form.cleaned_data.get("header_row"),
        "fields": {str(position): field for position, field in form.columns().items()},
        "value_maps": form.meanings(),
    }
    return None


def _has_unclear_dates(upload: Upload) -> bool:
    """Return whether the order of the dates is neither clear nor chosen."""
    chosen = drafts.settings_of(upload).date_order
    return not chosen and inspection.inspect(upload).date_guess.ambiguous


def _has_unasked_words(upload: Upload, form: ColumnsForm) -> bool:
    unknown = [each for each in inspection.inspect(upload).values_to_map if each.meaning is None]
    return any(not form.asks_for(each) for each in unknown)


def _page(request: SchoolRequest, upload: Upload, form: Form | None) -> HttpResponse:
    look = inspection.inspect(upload)
    if look.encodings:
        messages.error(request, _("Choose first how the letters of the file are written."))
        return redirect("import-settings", request.school.pk, upload.pk)
    if look.asks_hidden_rows:
        messages.error(request, _("Choose first what happens with the hidden rows."))
        return redirect("import-settings", request.school.pk, upload.pk)
    only_existing = drafts.settings_of(upload).only_existing
    required = () if only_existing else UPLOAD_REQUIRED
    filled = set(all_account_fields(column.field for column in look.columns))
    missing = [word(FIELD_LABELS, key) for key in required if key not in filled]
    identifying: list[str] = []
    if only_existing and not filled.intersection(IDENTIFYING):
        identifying = [word(FIELD_LABELS, key) for key in IDENTIFYING]
    context: dict[str, Any] = context_of(
        "3",
        upload,
        look=look,
        form=form,
        choices=[FieldChoice(key, _label(key), key in required) for key in COLUMN_CHOICES],
        missing=missing,
        identifying=identifying,
        rows=[(number, _row_words(cells)) for number, cells in look.header_candidates],
        words=[AskedWord(word_name(each), each, _label(each.field)) for each in look.values_to_map],
    )
    return render(request, "web/imports/import_columns.html", context)


def _label(field: str) -> str:
    if field == FULL_NAME:
        return _("Last name, First name (in one column)")
    return _("Active (TRUE or FALSE)") if field == ACTIVE else word(FIELD_LABELS, field)


def _row_words(cells: list[str]) -> str:
    """Return the cells of a row in one line; a dash for an empty row."""
    return " · ".join(filter(None, cells))[:ROW_LENGTH] or "—"
