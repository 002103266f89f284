"""One problem that several students have, as a sentence with their number."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rollbook.roster.planning.causes import Setting
from rollbook.sync.words.text import number as in_digits

# By the issue code; else _OTHER_CAUSE.
_CAUSES: Final = {
    "required_empty": gettext_noop("%(number)s students have no %(field)s where we look."),
    "grade_unknown": gettext_noop("%(number)s students have no grade level."),
    "grade_undecided": gettext_noop(
        "%(number)s students are in “%(value)s”. Nobody has said yet whether it is pulled in."
    ),
    "email_shared": gettext_noop("%(number)s students share their e-mail with somebody else."),
    "email_taken": gettext_noop("The e-mails of %(number)s students belong to other accounts."),
    "id_repeated": gettext_noop("%(number)s SIS IDs came more than once, with different values."),
    "id_missing": gettext_noop("%(number)s records came without an ID."),
}
_EMPTY_AT_PLACE: Final = gettext_noop(
    "%(number)s students have no %(field)s where we look (%(place)s)."
)
_OTHER_CAUSE: Final = gettext_noop(
    "%(number)s students have a value for %(field)s that can't be used."
)
_WITHOUT_FIELD: Final = gettext_noop("%(number)s students have this problem.")


_REMEDIES: Final = {
    Setting.GRADES: gettext_noop("Choose the grades in Step 1.1 Configure your SIS."),
    Setting.MAPPING: gettext_noop(
        "Many students have this problem, so a setting is probably wrong. Check Step 1.2 Select "
        "Mapping first."
    ),
}


def setting_remedy(setting: Setting) -> str:
    """Return what to do where a setting of ours probably causes a problem."""
    return _(_REMEDIES[setting])


def better_place_words(label: str, usable: int, students: int, *, of_group: bool) -> str:
    """Return how many students of a sample have a usable value in another place.

    With `of_group` they are students who have the problem.
    """
    if of_group:
        text = _(
            "The last connection test looked at %(students)s of them: %(usable)s have a usable "
            "value in “%(place)s”."
        )
    else:
        text = _(
            "The last connection test looked at %(students)s students: %(usable)s have a usable "
            "value in “%(place)s”."
        )
    numbers = {"students": in_digits(students), "usable": in_digits(usable)}
    return text % {"place": label, **numbers}


def cause_words(code: str, field: str, number: int, value: str = "", place: str = "") -> str:
    """Return the sentence. `field` is the label of our field, "" where there is none.

    `place` is where we look for the field in the SIS.
    """
    text = _CAUSES.get(code, _OTHER_CAUSE if field else _WITHOUT_FIELD)
    if code == "required_empty" and place:
        text = _EMPTY_AT_PLACE
    return _(text) % {"number": in_digits(number), "field": field, "value": value, "place": place}
