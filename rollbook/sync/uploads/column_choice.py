"""What each column of an upload fills: checked, saved, and remembered for the next file."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from rollbook.roster.fields import ACTIVE
from rollbook.roster.sheets.full_names import account_fields, all_account_fields
from rollbook.roster.sheets.rows import (
    COLUMN_CHOICES,
    IDENTIFYING,
    UPLOAD_FIELDS,
    UPLOAD_REQUIRED,
    VALUE_MAP_FIELDS,
    is_understood,
)
from rollbook.schools import audit
from rollbook.schools.models import User
from rollbook.sources.spreadsheet.rows import Sheet
from rollbook.sync.models import Upload
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.uploads.column_memory import (
    ValueMaps,
    column_keys,
    date_guess,
    meanings_of,
    memory_of,
    remember,
)
from rollbook.sync.uploads.doubts import doubted_keys
from rollbook.sync.uploads.drafts import settings_of
from rollbook.sync.uploads.inspection import Inspection, inspect
from rollbook.sync.uploads.locked_draft import copy_saved, lock_draft
from rollbook.sync.uploads.sheets import first_rows_below, headings_of, sheet_of
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import word

# What each column fills, by its position; None ignores it.
ColumnFields = Mapping[int, str | None]


class ColumnChoice(NamedTuple):
    """The row with the headings, what the columns fill, and what the school's words mean."""

    header_row: int
    fields: ColumnFields
    value_maps: ValueMaps


def save_columns(
    upload: Upload,
    by: User | None,
    *,
    header_row: int,
    fields: ColumnFields,
    value_maps: ValueMaps | None = None,
    via: str = "web",
) -> None:
    """Save what each column fills, and what the school's words mean.

    Raises SettingRefused naming what is missing, and then saves nothing.
    """
    choice = ColumnChoice(header_row, fields, value_maps or {})
    _save(upload, by, sheet_of(upload), choice, via)


def accept_columns(
    upload: Upload,
    by: User | None,
    fields: ColumnFields | None = None,
    value_maps: ValueMaps | None = None,
    via: str = "web",
) -> None:
    """Save the columns as they were remembered or guessed, with `fields` in their place.

    Raises SettingRefused where that is not clear.
    """
    sheet = sheet_of(upload)
    inspection = inspect(upload, sheet)
    if inspection.header_row is None:
        raise SettingRefused(
            "header_row", _("No row looks like the names of columns. Choose the row that does.")
        )
    given = dict(fields or {})
    _refuse_doubted(inspection, given)
    taken = set(all_account_fields(given.values()))
    chosen: dict[int, str | None] = {}
    for column in inspection.columns:
        is_free = taken.isdisjoint(account_fields(column.field))
        chosen[column.position] = column.field if is_free else None
    chosen.update(given)
    _refuse_unclear_repeats(inspection, chosen, given)
    _save(upload, by, sheet, ColumnChoice(inspection.header_row, chosen, value_maps or {}), via)


def _refuse_doubted(inspection: Inspection, given: ColumnFields) -> None:
    """Raise SettingRefused if a choice of an earlier file is doubtful and nobody made a new one."""
    for column in inspection.columns:
        if column.doubt and column.position not in given:
            text = _("Column “%(name)s”: %(doubt)s Say what it fills.")
            raise SettingRefused("columns", text % {"name": column.name, "doubt": column.doubt})


def _refuse_unclear_repeats(
    inspection: Inspection, chosen: ColumnFields, given: ColumnFields
) -> None:
    """Raise SettingRefused if several columns have one heading and nobody said which counts."""
    unclear = []
    for name, positions in inspection.open_repeats.items():
        some_fill = any(chosen.get(position) for position in positions)
        if some_fill and not set(positions) <= set(given):
            unclear.append(name)
    if any(set(inspection.repeated[name]) & set(given) for name in unclear):
        return
    if unclear:
        text = _("More than one column is named: %(names)s. Say which of them counts.")
        raise SettingRefused("columns", text % {"names": ", ".join(unclear)})


def _save(upload: Upload, by: User | None, sheet: Sheet, choice: ColumnChoice, via: str) -> None:
    header = _header(sheet, choice)
    _check_meanings(choice.value_maps)
    fields = {position: choice.fields[position] or None for position in sorted(choice.fields)}
    names = {position: (header[position] or "").strip() for position in fields}
    value_maps = {field: dict(words) for field, words in choice.value_maps.items()}
    with transaction.atomic():
        draft = lock_draft(upload)
        _check_fields(fields, settings_of(draft).only_existing)
        birth_dates = next((each for each, field in fields.items() if field == "birth_date"), None)
        below = first_rows_below(sheet, choice.header_row)
        draft.columns = {"value_maps": value_maps}
        draft.columns = {
            "header_row": choice.header_row,
            "fields": {str(position): field for position, field in fields.items()},
            "names": {str(position): name for position, name in names.items()},
            "value_maps": meanings_of(draft, memory_of(draft)),
            "date_order": date_guess(below, birth_dates, header, memory_of(draft)).order,
        }
        draft.save(update_fields=["columns", "updated_at"])
        keys = column_keys(header)
        by_key = {keys[each]: field for each, field in fields.items() if names[each]}
        confirmed = doubted_keys(draft, header, below, fields) & by_key.keys()
        remember(draft, fields=by_key, confirmed=confirmed, value_maps=value_maps)
        audit.record(
            "upload.columns_saved",
            school=draft.school,
            actor=by,
            subject=str(draft.pk),
            via=via,
            columns=len(fields),
        )
    copy_saved(draft, upload)


def _header(sheet: Sheet, choice: ColumnChoice) -> list[str | None]:
    """Return the headings. Raises SettingRefused if there is no such row or column."""
    header = headings_of(sheet, choice.header_row)
    if not header:
        text = _("There is no row %(number)s with something in it.")
        raise SettingRefused("header_row", text % {"number": choice.header_row})
    if any(not 0 <= position < len(header) for position in choice.fields):
        raise SettingRefused("columns", _("One of the columns is not in the file."))
    return header


def _check_fields(fields: ColumnFields, only_existing: bool) -> None:
    """Raise SettingRefused for an unknown field, one that is filled twice, or one that misses."""
    filled = all_account_fields(fields.values())
    for field in filter(None, fields.values()):
        if field not in COLUMN_CHOICES:
            raise SettingRefused("columns", _("There is no field %(name)s.") % {"name": field})
    twice = [field for field in UPLOAD_FIELDS if filled.count(field) > 1]
    if twice:
        text = _("More than one column fills: %(names)s. Ignore all but one.")
        raise SettingRefused("columns", text % {"names": _labels(twice)})
    if only_existing:
        if not set(IDENTIFYING).intersection(filled):
            text = _("One of these is needed, to tell whom a row is about: %(names)s.")
            raise SettingRefused("columns", text % {"names": _labels(IDENTIFYING)})
        return
    missing = [field for field in UPLOAD_REQUIRED if field not in filled]
    if missing:
        text = _("No column fills what is required: %(names)s.")
        raise SettingRefused("columns", text % {"names": _labels(missing)})


def _check_meanings(value_maps: ValueMaps) -> None:
    for field, words in value_maps.items():
        if field not in VALUE_MAP_FIELDS:
            raise SettingRefused("value_maps", _("There is no field %(name)s.") % {"name": field})
        if field != ACTIVE:
            continue
        for meaning in words.values():
            if meaning and not is_understood(ACTIVE, meaning):
                raise SettingRefused("value_maps", _("For Active, choose TRUE or FALSE."))


def _labels(fields: list[str] | tuple[str, ...]) -> str:
    return ", ".join(word(FIELD_LABELS, field) for field in fields)
