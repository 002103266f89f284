"""Why a guard holds a run, in sentences with numbers: on its page, in mails, in commands."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rollbook.sync.words.text import number

# By the code of the guard's alarm, see `roster.guards`.
ALARMS: Final = {
    "roster_empty": gettext_noop(
        "%(sis)s answered without a single student, while this school has accounts. Perhaps "
        "Rollbook lost a permission there."
    ),
    "leavers": gettext_noop(
        "%(missing)s of %(expected)s students are missing from %(sis)s: %(percent)s %%, your limit "
        "is %(limit)s %%."
    ),
    "emails": gettext_noop(
        "The sign-in e-mail of %(changed)s of %(expected)s students would change: %(percent)s %%, "
        "your limit is %(limit)s %%."
    ),
    "overlap": gettext_noop(
        "%(sis)s sent %(read)s students, and only %(here)s of the %(expected)s students known here "
        "are among them: %(percent)s %%, your limit is %(limit)s %%. This may be another school's "
        "list."
    ),
    "vanished": gettext_noop("All students of these groups are missing from %(sis)s: %(groups)s."),
    "other_people": gettext_noop(
        "%(other_people)s of the %(expected)s SIS IDs known here belong to students with another "
        "name and birth date in %(sis)s. This may be another school's list."
    ),
    "moved": gettext_noop(
        "%(moved)s accounts are linked to another SIS, which is inactive. Approving links them to "
        "%(sis)s instead: SIS ID and source change, and the history stays. It can be undone."
    ),
    "re_keyed": gettext_noop(
        "%(re_keyed)s of %(expected)s students came back under new SIS IDs, with the same e-mail "
        "and name. Approving links them to their old accounts: no account is made twice, and "
        "nobody counts as having left."
    ),
}


def alarm_words(alarms: Iterable[Mapping[str, Any]], sis: str) -> list[str]:
    """Return each reason for a hold as a sentence. `sis` is the label of the source."""
    return [_sentence(alarm.get("code", ""), alarm.get("numbers", {}), sis) for alarm in alarms]


def _sentence(code: str, numbers: Mapping[str, Any], sis: str) -> str:
    if code not in ALARMS:
        return str(code)
    groups = numbers.get("groups", {})
    values = {name: number(value) for name, value in numbers.items() if name != "groups"}
    listed = [f"{_group_words(name)} ({number(size)})" for name, size in groups.items()]
    text = _(ALARMS[code]) % {**values, "sis": sis, "groups": ", ".join(listed)}
    if code == "leavers" and groups:
        text = f"{text} {_largest_groups(groups)}"
    return text


def _largest_groups(groups: Mapping[str, int]) -> str:
    parts = [
        _("%(number)s in %(group)s") % {"number": number(size), "group": _group_words(name)}
        for name, size in groups.items()
    ]
    return _("Among them: %(listed)s.") % {"listed": ", ".join(parts)}


def _group_words(name: str) -> str:
    """Return "grade 12" or "year 2030" in words."""
    kind, _space, value = name.partition(" ")
    if kind == "grade":
        return _("grade %(name)s") % {"name": value}
    return _("the class of %(name)s") % {"name": value}
