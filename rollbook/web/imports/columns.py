"""Step 3 of Import Users: what each column fills. Guesses and what the school chose last time are offered; a person decides."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from rollbook.roster.columns import ACTIVE
from rollbook.roster.sheet_rows import IDENTIFYING, UPLOAD_FIELDS, UPLOAD_REQUIRED
from rollbook.sync.models import Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads import drafts
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word
from rollbook.web.access import SchoolRequest
from rollbook.web.imports.steps import context_of, draft_required

HEADER_CELLS: Final = 6  # of a row that is offered as the one with the names
COLUMN, WORD, ASKED = "column-", "word-", "asked"


class Choice(NamedTuple):
    """One of our fields as the select offers it."""

    key: str
    label: str
    required: bool


@require_http_methods(["GET", "POST"])
@draft_required
def import_columns(request: SchoolRequest, upload: Upload) -> HttpResponse:
    refused = ""
    if request.method == "POST":
        try:
            header_row = int(request.POST.get("header_row", "0") or 0)
            drafts.save_columns(
                upload,
                request.person,
                header_row=header_row,
                fields=_fields(request),
                value_maps=_meanings(request),
            )
            unasked = [
                each
                for each in drafts.look(upload).values_to_map
                if each.meaning is None and _name(each) not in _asked(request)
            ]
            if not unasked:
                return redirect("run", request.school.pk, drafts.preview(upload, request.person).pk)
        except SettingRefused as refusal:
            refused = refusal.what
            upload.columns = {
                "header_row": header_row,
                "fields": {str(key): field for key, field in _fields(request).items()},
            }
    elif (row := request.GET.get("header_row", "")).isdecimal() and len(row) < 8:
        upload.columns, upload.settings = {}, upload.settings | {"header_row": int(row)}
    return render(
        request, "web/imports/import_columns.html", _context(upload, drafts.look(upload), refused)
    )


def _fields(request: SchoolRequest) -> dict[int, str | None]:
    return {
        int(key.removeprefix(COLUMN)): str(value) or None
        for key, value in request.POST.items()
        if key.startswith(COLUMN) and key.removeprefix(COLUMN).isdecimal()
    }


def _meanings(request: SchoolRequest) -> dict[str, dict[str, str]]:
    """What the words mean, by field. A blank leaves a word as it is written."""
    told: dict[str, dict[str, str]] = {}
    asked = request.POST.getlist(ASKED)
    for number, name in enumerate(asked):
        field, _dot, text = name.partition(".")
        if meaning := request.POST.get(f"{WORD}{number}", "").strip():
            told.setdefault(field, {})[text] = meaning
    return told


def _asked(request: SchoolRequest) -> set[str]:
    return set(request.POST.getlist(ASKED))


def _name(word_of: drafts.Word) -> str:
    """By what a word is known in the form."""
    return f"{word_of.field}.{word_of.text}"


def _context(upload: Upload, look: drafts.Look, refused: str) -> dict[str, Any]:
    only_existing = drafts.settings_of(upload).only_existing
    required = () if only_existing else UPLOAD_REQUIRED
    labels: Mapping[str, str] = FIELD_LABELS | {ACTIVE: _("Active (TRUE or FALSE)")}
    filled = {column.field for column in look.columns}
    return context_of(
        "3",
        upload,
        look=look,
        refused=refused,
        choices=[Choice(key, word(dict(labels), key), key in required) for key in UPLOAD_FIELDS],
        missing=[word(FIELD_LABELS, key) for key in required if key not in filled],
        identifying=[word(FIELD_LABELS, key) for key in IDENTIFYING]
        if only_existing and not filled.intersection(IDENTIFYING)
        else [],
        rows=[
            (number, " · ".join(filter(None, cells))[:120] or "—")
            for number, cells in look.header_candidates
        ],
        words=[(_name(each), each, word(dict(labels), each.field)) for each in look.values_to_map],
    )
