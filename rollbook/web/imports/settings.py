"""Step 2 of Import Users: how the file is read, with its first rows as they are read so, and how its dates and blanks are meant."""

from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from rollbook.roster.cell_values import DateOrder
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.sync.models import Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import drafts
from rollbook.web.access import SchoolRequest
from rollbook.web.imports.steps import context_of, draft_required

SHOWN_ROWS: Final = 8
ORDERS: Final = {
    DateOrder.DAY_MONTH_YEAR: (_("Day, month, year"), "31/12/2010"),
    DateOrder.MONTH_DAY_YEAR: (_("Month, day, year"), "12/31/2010"),
    DateOrder.YEAR_MONTH_DAY: (_("Year, month, day"), "2010-12-31"),
}
DELIMITER_WORDS: Final = {
    ",": _("Comma"),
    ";": _("Semicolon"),
    "\t": _("Tab"),
    "|": _("Vertical bar"),
}


@require_http_methods(["GET", "POST"])
@draft_required
def import_settings(request: SchoolRequest, upload: Upload) -> HttpResponse:
    """Reading with other settings is tried out before it is saved: `action` is `look` then."""
    refused: SettingRefused | UploadRefused | None = None
    wanted = drafts.settings_of(upload)
    if request.method == "POST":
        wanted = _typed(request)
        if request.POST.get("action") == "look":
            upload.settings, upload.columns = {**upload.settings, **wanted._asdict()}, {}
        else:
            try:
                drafts.save_settings(upload, request.person, **wanted._asdict())
                return redirect("import-columns", request.school.pk, upload.pk)
            except (SettingRefused, UploadRefused) as refusal:
                refused = refusal
    try:
        look: drafts.Look | None = drafts.look(upload)
    except UploadRefused as refusal:
        look, refused = None, refused or refusal
    template = (
        "web/imports/import_settings_rows.html"
        if request.htmx
        else "web/imports/import_settings.html"
    )
    return render(request, template, _context(upload, look, wanted, refused))


def _typed(request: SchoolRequest) -> drafts.Settings:
    told = request.POST
    return drafts.Settings(
        sheet=told.get("sheet") or None,
        encoding=told.get("encoding") or None,
        delimiter=told.get("delimiter") or None,
        date_order=told.get("date_order") or None,
        blank_clears=told.get("blank") == "clear",
        only_existing=told.get("whom") == "existing",
    )


def _context(
    upload: Upload,
    look: drafts.Look | None,
    wanted: drafts.Settings,
    refused: SettingRefused | UploadRefused | None,
) -> dict[str, Any]:
    guess = look.date_guess if look else None
    return context_of(
        "2",
        upload,
        look=look,
        wanted=wanted,
        refused=refused,
        orders=[(order, words, example) for order, (words, example) in ORDERS.items()],
        order=wanted.date_order or (guess.order if guess else DateOrder.MONTH_DAY_YEAR),
        encodings=ENCODINGS.items() if look and look.encoding else (),
        delimiters=[(sign, DELIMITER_WORDS[sign]) for sign in DELIMITERS]
        if look and look.delimiter
        else (),
        first_rows=look.header_candidates[:SHOWN_ROWS] if look else (),
    )
