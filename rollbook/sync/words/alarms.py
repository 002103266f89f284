"""Why a guard holds a run, in sentences with numbers: on its page, in mails, in commands."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from rollbook.sync.words.causes import cause_words
from rollbook.sync.words.fields import FIELD_LABELS
from rollbook.sync.words.text import number, word

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
    "names": gettext_noop(
        "The first or last name of %(changed)s of %(expected)s students would change: "
        "%(percent)s %%, your limit is %(limit)s %%."
    ),
    "years": gettext_noop(
        "The graduation year of %(changed)s of %(expected)s students would change: %(percent)s %%, "
        "your limit is %(limit)s %%."
    ),
    "newcomers": gettext_noop(
        "%(changed)s students are new, beside %(expected)s known ones: %(percent)s %%, your limit "
        "is %(limit)s %%. They may be of another school."
    ),
    "blanks": gettext_noop(
        "%(field)s would be cleared for %(changed)s of %(expected)s students: %(percent)s %%, your "
        "limit is %(limit)s %%. It came blank, and you let blanks clear this field."
    ),
    "errors": gettext_noop(
        "%(changed)s of %(expected)s students with an account have an error now and would not be "
        "updated: %(percent)s %%, your limit is %(limit)s %%."
    ),
    "row_errors": gettext_noop(
        "The rows of %(changed)s of %(expected)s students with an account have an error and would "
        "be left out: %(percent)s %%, your limit is %(limit)s %%."
    ),
    "overlap": gettext_noop(
        "%(sis)s sent %(read)s students, and only %(here)s of the %(expected)s students known here "
        "are among them: %(percent)s %%, your limit is %(limit)s %%. This may be another school's "
        "list."
    ),
    "grades_renamed": gettext_noop(
        "%(sis)s has no students in these grades any more: %(gone)s. Students came in grades that "
        "are not selected: %(new)s. If %(sis)s has renamed a grade, select the new name in Step "
        "1.1, discard this run and run again. Approving leaves these students as they are."
    ),
    "school_empty": gettext_noop(
        "%(sis)s has no students any more in these schools, which you have chosen: %(schools)s. "
        "If the number of a school changed, choose it again in Step 1.1 and discard this run."
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
    "other_rows": gettext_noop(
        "%(other_people)s rows have the ID of an account but are about another person. "
        "%(expected)s accounts are named in this file. It may be another school's list, or its "
        "numbers may be no IDs."
    ),
    "re_keyed": gettext_noop(
        "%(re_keyed)s of %(expected)s students came back under new SIS IDs, with the same e-mail "
        "and name. Approving links them to their old accounts: no account is made twice, and "
        "nobody counts as having left."
    ),
}

_GRADE_NAMES: Final = gettext_noop("Check how %(sis)s names its grades now.")
_LIKELY_SETTINGS: Final = {
    "errors": gettext_noop(
        "Check which field of %(sis)s fills %(field)s, in Step 1.2 Select Mapping."
    ),
    "row_errors": gettext_noop("Check which column fills %(field)s, in Change the columns."),
}

# What a person confirms besides before an upload with this alarm is applied.
CONFIRMATIONS: Final = {
    "emails": gettext_noop("Yes, change the sign-in e-mail of %(changed)s accounts"),
    "names": gettext_noop("Yes, change the first or last name of %(changed)s accounts"),
    "years": gettext_noop("Yes, change the graduation year of %(changed)s accounts"),
    "blanks": gettext_noop("Yes, clear values of %(changed)s accounts"),
    "row_errors": gettext_noop("Yes, leave out the rows of %(changed)s students with an account"),
    "other_rows": gettext_noop("Yes, %(other_people)s rows are about other people; write the rest"),
}


_NOT_NUMBERS: Final = ("groups", "cause", "field", "other_fields", "gone", "new", "schools")
# Students by the SIS's own name of a grade or school.
_NAMES: Final = ("gone", "new", "schools")


def confirmation_words(alarm: Mapping[str, Any]) -> str:
    """Return what a person confirms about an alarm of an upload, with its number."""
    numbers = alarm["numbers"]
    names = ("changed", "other_people")
    values = {name: number(numbers[name]) for name in names if name in numbers}
    return _(CONFIRMATIONS[alarm["code"]]) % values


def alarm_words(alarms: Iterable[Mapping[str, Any]], sis: str) -> list[str]:
    """Return each reason for a hold as a sentence. `sis` is the label of the source."""
    return [_sentence(alarm.get("code", ""), alarm.get("numbers", {}), sis) for alarm in alarms]


def _sentence(code: str, numbers: Mapping[str, Any], sis: str) -> str:
    if code not in ALARMS:
        return str(code)
    groups = numbers.get("groups", {})
    values = {name: number(value) for name, value in numbers.items() if name not in _NOT_NUMBERS}
    if "field" in numbers:
        values["field"] = word(FIELD_LABELS, numbers["field"])
    for key in _NAMES:
        names = numbers.get(key, {})
        values[key] = ", ".join(f"{name} ({number(size)})" for name, size in names.items())
    listed = [f"{_group_words(name)} ({number(size)})" for name, size in groups.items()]
    text = _(ALARMS[code]) % {**values, "sis": sis, "groups": ", ".join(listed)}
    if code == "leavers" and groups:
        text = f"{text} {_largest_groups(groups)}"
    if numbers.get("settled"):
        text = f"{text} {_settled_words(numbers['settled'])}"
    if numbers.get("other_fields"):
        labels = [word(FIELD_LABELS, field) for field in numbers["other_fields"]]
        text = f"{text} {_('So would:')} {', '.join(labels)}."
    if "cause" in numbers:
        text = f"{text} {_cause_words(code, numbers['cause'], sis)}"
    return text.strip()


def _settled_words(settled: int) -> str:
    text = ngettext(
        "%(number)s more is missing, which was approved before.",
        "%(number)s more are missing, which was approved before.",
        settled,
    )
    return text % {"number": number(settled)}


def _cause_words(alarm_code: str, cause: Mapping[str, Any], sis: str) -> str:
    """Return the most frequent error in words, and the setting that is likely wrong."""
    if not cause["field"]:
        return ""
    field = word(FIELD_LABELS, cause["field"])
    what = cause_words(cause["code"], field, cause["number"])
    setting = _LIKELY_SETTINGS[alarm_code]
    if cause["code"] == "grade_unknown":
        setting = _GRADE_NAMES
    return f"{what} {_(setting) % {'field': field, 'sis': sis}}"


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
