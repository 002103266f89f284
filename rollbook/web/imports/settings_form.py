"""The form of Step 2 of Import Users."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from rollbook.roster.sheets.cell_values import DateOrder
from rollbook.sources.spreadsheet.csv_choices import DELIMITERS, ENCODINGS
from rollbook.sources.spreadsheet.rows import HiddenRows
from rollbook.sync.uploads import drafts
from rollbook.web.forms import Form

DATE_ORDERS: Final = {
    DateOrder.DAY_MONTH_YEAR: (_("Day, month, year"), "31/12/2010"),
    DateOrder.MONTH_DAY_YEAR: (_("Month, day, year"), "12/31/2010"),
    DateOrder.YEAR_MONTH_DAY: (_("Year, month, day"), "2010-12-31"),
}
DELIMITER_LABELS: Final = {
    ",": _("Comma"),
    ";": _("Semicolon"),
    "\t": _("Tab"),
    "|": _("Vertical bar"),
}
LEAVE, CLEAR = "leave", "clear"
ALL, EXISTING = "all", "existing"
ASK, DIFFERENT = "ask", "different"


class SettingsForm(Form):
    """How the file is read, and what its blank cells and its rows mean."""

    sheet = forms.CharField(label=_("Sheet"), required=False, strip=False)
    encoding = forms.ChoiceField(
        label=_("Text encoding"), choices=list(ENCODINGS.items()), required=False
    )
    delimiter = forms.ChoiceField(
        label=_("Columns are separated by"),
        choices=[(sign, DELIMITER_LABELS[sign]) for sign in DELIMITERS],
        required=False,
    )
    date_order = forms.ChoiceField(
        label=_("Date order"),
        choices=[(order.value, words) for order, (words, _example) in DATE_ORDERS.items()],
        required=False,
    )
    hidden_rows = forms.ChoiceField(
        label=_("Hidden rows"),
        choices=[
            (HiddenRows.LEAVE_OUT.value, _("Leave them out")),
            (HiddenRows.READ.value, _("Import them too")),
        ],
        required=False,
    )
    blank = forms.ChoiceField(
        label=_("Blank cells"),
        choices=[(LEAVE, _("Keep the account's value")), (CLEAR, _("Clear the account's value"))],
        required=False,
    )
    whom = forms.ChoiceField(
        label=_("Who is in the file"),
        choices=[(ALL, _("New and existing students")), (EXISTING, _("Existing students only"))],
        required=False,
    )

    alike = forms.ChoiceField(
        label=_("Same name and date of birth as an account"),
        choices=[(ASK, _("Ask me first")), (DIFFERENT, _("They are different students"))],
        required=False,
    )

    @property
    def clears_blanks(self) -> bool:
        return bool(self["blank"].value() == CLEAR)

    @property
    def only_existing(self) -> bool:
        return bool(self["whom"].value() == EXISTING)

    @property
    def accepts_lookalikes(self) -> bool:
        return bool(self["alike"].value() == DIFFERENT)

    def settings(self) -> drafts.Settings:
        """Return the settings that were sent; what can't be used counts as not chosen."""
        return drafts.Settings(
            sheet=self.given("sheet") or None,
            encoding=self.given("encoding") or None,
            delimiter=self.given("delimiter") or None,
            date_order=self.given("date_order") or None,
            blank_clears=self.given("blank") == CLEAR,
            only_existing=self.given("whom") == EXISTING,
            accept_lookalikes=self.given("alike") == DIFFERENT,
            hidden_rows=self.given("hidden_rows") or None,
        )


def values_of(settings: drafts.Settings) -> dict[str, Any]:
    """Return saved settings as the form would send them."""
    return {
        "sheet": settings.sheet or "",
        "encoding": settings.encoding or "",
        "delimiter": settings.delimiter or "",
        "date_order": settings.date_order or "",
        "hidden_rows": settings.hidden_rows or "",
        "blank": CLEAR if settings.blank_clears else LEAVE,
        "whom": EXISTING if settings.only_existing else ALL,
        "alike": DIFFERENT if settings.accept_lookalikes else ASK,
    }
