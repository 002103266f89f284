"""Step 2 of Import Users: how the file, its dates and its blank cells are read."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import drafts, inspection
from rollbook.sync.uploads.sheets import sheet_of
from rollbook.web.access import SchoolRequest
from rollbook.web.forms import pressed
from rollbook.web.imports.settings_form import (
    DATE_ORDERS,
    DELIMITER_LABELS,
    SettingsForm,
    values_of,
)
from rollbook.web.imports.steps import context_of, draft_required, refusal_words

SHOWN_ROWS: Final = 8


@require_http_methods(["GET", "POST"])
@draft_required
def import_settings(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Show the first rows as they are read, try other settings, or save them."""
    if request.method != "POST":
        return _page(request, upload, SettingsForm(values_of(drafts.settings_of(upload))))
    form = SettingsForm(request.POST)
    if pressed(request.POST) == "look":
        upload.settings = {**upload.settings, **form.settings()._asdict()}
        upload.columns = {}
    elif _saved(request, upload, form):
        return redirect("import-columns", request.school.pk, upload.pk)
    return _page(request, upload, form)


def _saved(request: SchoolRequest, upload: Upload, form: SettingsForm) -> bool:
    """Save a valid form. Return False if it isn't valid or is refused; then it holds the reason."""
    if not form.is_valid():
        return False
    try:
        if not form.given("encoding") and sheet_of(upload).encodings:
            form.add_error("encoding", _("Choose the one that shows the names as they are."))
            return False
        settings = form.settings()
        look = _inspected(upload, settings)
        if look.asks_hidden_rows:
            form.add_error("hidden_rows", _("Choose what happens with the hidden rows."))
            return False
        guess = look.date_guess
        if guess.ambiguous and not settings.date_order:
            form.add_error("date_order", _("Choose the order in which the dates are written."))
            return False
        if not guess.has_dates and settings.date_order == guess.order:
            # The page sends our default. Saved as a choice, it would hold for a column of dates
            # that is chosen later, and for the next file.
            settings = settings._replace(date_order=None)
        drafts.save_settings(upload, request.person, settings)
    except SettingRefused as refused:
        form.add_refusal(refused)
        return False
    except UploadRefused as refused:
        form.add_error(None, refusal_words(refused))
        return False
    return True


def _inspected(upload: Upload, settings: drafts.Settings) -> inspection.Inspection:
    """Return what the upload looks like where the file is read with these settings."""
    read_so = Upload(
        school=upload.school,
        file_name=upload.file_name,
        content=upload.content,
        settings={**upload.settings, **settings._asdict()},
        columns=upload.columns if settings.reading == drafts.settings_of(upload).reading else {},
    )
    return inspection.inspect(read_so)


def _page(request: SchoolRequest, upload: Upload, form: SettingsForm) -> HttpResponse:
    """Show the page; for a setting that is tried, only the form."""
    look: inspection.Inspection | None = None
    try:
        look = inspection.inspect(upload)
    except UploadRefused as refused:
        if not form.errors:
            form.add_error(None, refusal_words(refused))
    part = "import_settings_rows" if request.htmx else "import_settings"
    return render(request, f"web/imports/{part}.html", _context(upload, look, form))


def _context(
    upload: Upload, look: inspection.Inspection | None, form: SettingsForm
) -> dict[str, Any]:
    guessed = "" if look and look.date_guess.ambiguous else _guessed_order(look)
    encodings = ENCODINGS.items() if look and look.encoding else ()
    delimiters = DELIMITERS if look and look.delimiter else ()
    return context_of(
        "2",
        upload,
        look=look,
        form=form,
        orders=[(order, words, example) for order, (words, example) in DATE_ORDERS.items()],
        order=form["date_order"].value() or guessed,
        encodings=encodings,
        candidates=_candidates(look),
        delimiters=[(sign, DELIMITER_LABELS[sign]) for sign in delimiters],
        first_rows=look.header_candidates[:SHOWN_ROWS] if look else (),
    )


def _guessed_order(look: inspection.Inspection | None) -> DateOrder:
    return look.date_guess.order if look else DateOrder.MONTH_DAY_YEAR


def _candidates(look: inspection.Inspection | None) -> list[dict[str, Any]]:
    """Return the encodings that are plausible, each with names as it reads them."""
    plausible = look.encodings if look else ()
    return [{"label": ENCODINGS[each.encoding], "samples": each.samples} for each in plausible]
