"""Why a run is on hold, in sentences with their numbers: on its page, in the mail, on the command line."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

ALARMS: Final = {
    "roster_empty": gettext_noop(
        "%(sis)s answered without a single student, while this school has accounts. A right was probably lost there."
    ),
    "leavers": gettext_noop(
        "%(missing)s of %(expected)s students are missing from %(sis)s: %(percent)s %%, your limit is %(limit)s %%."
    ),
    "emails": gettext_noop(
        "The sign-in e-mail of %(changed)s of %(expected)s students would change: %(percent)s %%, your limit is %(limit)s %%."
    ),
    "overlap": gettext_noop(
        "Only %(here)s of the %(expected)s students known here are among the %(read)s that %(sis)s sent: %(percent)s %%, your limit is "
        "%(limit)s %%. This may be another school's list."
    ),
    "vanished": gettext_noop("Everybody is missing from %(sis)s at once in: %(groups)s."),
    "other_people": gettext_noop(
        "%(other_people)s of the %(expected)s SIS IDs known here belong to somebody with another name and another birth date in %(sis)s. "
        "This may be another school's list."
    ),
    "re_keyed": gettext_noop(
        "%(re_keyed)s of %(expected)s students came back under new SIS IDs, with the same e-mail and name. Approving links them to their "
        "old accounts; nobody is made twice and nobody counts as having left."
    ),
}


def alarm_words(alarms: Iterable[Mapping[str, Any]], sis: str) -> list[str]:
    """Each reason for a hold as a sentence."""
    return [_sentence(alarm.get("code", ""), alarm.get("numbers", {}), sis) for alarm in alarms]


def _sentence(code: str, numbers: Mapping[str, Any], sis: str) -> str:
    if code not in ALARMS:
        return str(code)
    groups = numbers.get("groups", {})
    words = {name: _number(value) for name, value in numbers.items() if name != "groups"}
    words |= {
        "sis": sis,
        "groups": ", ".join(
            f"{_group(name)} ({_number(number)})" for name, number in groups.items()
        ),
    }
    text = _(ALARMS[code]) % words
    if code == "leavers" and groups:
        listed = ", ".join(
            _("%(number)s in %(group)s") % {"number": _number(number), "group": _group(name)}
            for name, number in groups.items()
        )
        text += " " + _("Of them are %(listed)s.") % {"listed": listed}
    return text


def _group(name: str) -> str:
    kind, _space, value = name.partition(" ")
    return (
        _("grade %(name)s") % {"name": value}
        if kind == "grade"
        else _("the class of %(name)s") % {"name": value}
    )


def _number(value: float) -> str:
    whole = isinstance(value, int) or float(value).is_integer()
    return number_format(
        int(value) if whole else round(value, 1), use_l10n=True, force_grouping=True
    )
