"""In which order the dates of a spreadsheet's column are written: a guess, with a sentence why."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from rollbook.roster.sheets.cell_values import DateOrder, date_by_order
from rollbook.roster.translation import Phrase
from rollbook.roster.translation import gettext_noop as _
from rollbook.roster.values.dates import MONTHS
from rollbook.roster.values.parsing import Unreadable

_YEAR_FIRST: Final = re.compile(r"\d{4}")
_NUMBERS: Final = re.compile(r"\d{1,4}[-/. ]+\d{1,2}[-/. ]+\d{1,4}(?:[T ].*)?")
_DAY_FIRST, _MONTH_FIRST = DateOrder.DAY_MONTH_YEAR, DateOrder.MONTH_DAY_YEAR
_NAMES: Final = {
    DateOrder.DAY_MONTH_YEAR: Phrase(_("day-month-year")),
    DateOrder.MONTH_DAY_YEAR: Phrase(_("month-day-year")),
    DateOrder.YEAR_MONTH_DAY: Phrase(_("year-month-day")),
}


# As headings write it: DD/MM/YYYY, m-d-y; in German TT.MM.JJJJ, in French JJ/MM/AAAA.
_PART: Final = r"(day|month|year|jjjj|aaaa|jj|tt|d{1,2}|m{1,2}|y{1,4})"
_STATED: Final = re.compile(rf"(?<![^\W_]){_PART}[-/. _]*{_PART}[-/. _]*{_PART}(?![^\W_])")
_PART_OF: Final = {"jjjj": "y", "aaaa": "y", "jj": "d", "tt": "d"}
_ORDER_OF: Final = {
    "dmy": DateOrder.DAY_MONTH_YEAR,
    "mdy": DateOrder.MONTH_DAY_YEAR,
    "ymd": DateOrder.YEAR_MONTH_DAY,
}


class DateGuess(NamedTuple):
    """A guessed order. It is `ambiguous` where a person has to choose; `sentence` says why.

    `has_dates` is False where there is nothing to guess from.
    """

    order: DateOrder
    ambiguous: bool
    sentence: str
    has_dates: bool = True


def stated_order(heading: str | None) -> DateOrder | None:
    """Return the order that a heading states, as in "Date of birth (DD/MM/YYYY)"; else None."""
    for match in _STATED.finditer((heading or "")[:200].casefold()):
        parts = [_PART_OF.get(part, part[0]) for part in match.groups()]
        if "".join(parts) in _ORDER_OF:
            return _ORDER_OF["".join(parts)]
    return None


def guess_date_order(
    values: Sequence[str | None], usual: DateOrder = _MONTH_FIRST, heading: str | None = None
) -> DateGuess:
    """Return the order in which the dates of a column are written.

    The order that the heading states is taken, unless more dates can only be another one. `usual`,
    such as the school's last choice, is returned where neither heading nor values tell.
    """
    dates = [value.strip() for value in values if value and _NUMBERS.fullmatch(value.strip())]
    if not dates:
        sentence = _("There are no dates in numbers, so the order makes no difference.")
        return DateGuess(usual, False, sentence, has_dates=False)
    if all(_YEAR_FIRST.match(value) for value in dates):
        sentence = Phrase(_("The year comes first, as in {example}."), example=dates[0])
        return DateGuess(DateOrder.YEAR_MONTH_DAY, False, sentence)
    day_first = [value for value in dates if read_date(value, _DAY_FIRST)]
    month_first = [value for value in dates if read_date(value, _MONTH_FIRST)]
    if not day_first and not month_first:
        sentence = Phrase(
            _("None of the dates can be read. The first is {example}. Years need four digits."),
            example=dates[0],
        )
        return DateGuess(usual, True, sentence)
    only_day_first = [value for value in day_first if value not in month_first]
    only_month_first = [value for value in month_first if value not in day_first]
    stated = stated_order(heading)
    if stated is _DAY_FIRST:
        return _stated(_DAY_FIRST, _MONTH_FIRST, len(only_month_first) > len(only_day_first))
    if stated is _MONTH_FIRST:
        return _stated(_MONTH_FIRST, _DAY_FIRST, len(only_day_first) > len(only_month_first))
    if len(only_day_first) > len(only_month_first):
        return _decided(_DAY_FIRST, only_day_first[0], len(day_first), len(dates))
    if len(only_month_first) > len(only_day_first):
        return _decided(_MONTH_FIRST, only_month_first[0], len(month_first), len(dates))
    order = _MONTH_FIRST if usual is DateOrder.YEAR_MONTH_DAY else usual
    if only_day_first:
        return _contradicting(order, only_day_first[0], only_month_first[0])
    return _undecided(order, day_first)


def _stated(order: DateOrder, other: DateOrder, contradicted: bool) -> DateGuess:
    """Return the guess where the heading states an order of which day or month comes first."""
    if not contradicted:
        return DateGuess(order, False, Phrase(_("The heading says {order}."), order=_NAMES[order]))
    sentence = Phrase(
        _("The heading says {order}, but more dates can only be {other_order}. Please choose."),
        order=_NAMES[order],
        other_order=_NAMES[other],
    )
    return DateGuess(other, True, sentence)


def _decided(order: DateOrder, example: str, readable: int, total: int) -> DateGuess:
    """Return the guess where this order is the only one for more dates than the other order."""
    template = _("The dates are written {order}: {example} can only be {day}.")
    if readable < total:
        template = _(
            "The dates are written {order}: {example} can only be {day}. "
            "{unread} of {total} dates can't be read that way."
        )
    sentence = Phrase(
        template,
        order=_NAMES[order],
        example=example,
        day=_day_in_words(example, order),
        unread=total - readable,
        total=total,
    )
    return DateGuess(order, False, sentence)


def _contradicting(order: DateOrder, day_first: str, month_first: str) -> DateGuess:
    """Return the guess where each order is the only one for as many dates."""
    sentence = Phrase(
        _(
            "Some dates can only be {order}, such as {example}. "
            "As many can only be {other_order}, such as {other_example}. Please choose."
        ),
        order=_NAMES[_DAY_FIRST],
        example=day_first,
        other_order=_NAMES[_MONTH_FIRST],
        other_example=month_first,
    )
    return DateGuess(order, True, sentence)


def _undecided(order: DateOrder, dates: Sequence[str]) -> DateGuess:
    """Return the guess where all dates can be read in both orders."""
    for example in dates:
        if read_date(example, _DAY_FIRST) != read_date(example, _MONTH_FIRST):
            break
    else:
        return DateGuess(order, False, _("The dates are the same in any order."))
    sentence = Phrase(
        _(
            "The dates can be {order} or {other_order}: "
            "{example} could be {day} or {other_day}. Please choose."
        ),
        order=_NAMES[_DAY_FIRST],
        other_order=_NAMES[_MONTH_FIRST],
        example=example,
        day=_day_in_words(example, _DAY_FIRST),
        other_day=_day_in_words(example, _MONTH_FIRST),
    )
    return DateGuess(order, True, sentence)


def read_date(value: str, order: DateOrder) -> date | None:
    """Return the date, None where the value is not one in this order."""
    try:
        return date_by_order(value, order)
    except Unreadable:
        return None


def _day_in_words(value: str, order: DateOrder) -> str:
    day = read_date(value, order)
    if day is None:
        return value
    month = Phrase(MONTHS[day.month - 1])
    return Phrase(_("{day} {month} {year}"), day=day.day, month=month, year=day.year)
