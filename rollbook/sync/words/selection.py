"""The words of a selection: the chosen grades and schools, and what a name of a grade means."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.roster.values.grades import KINDERGARTEN, grade_label
from rollbook.sync.models.run_settings import RosterSettings
from rollbook.sync.words.text import number as in_digits

LOWEST_NAMED: Final = -2  # "Pre-K 3"


def selection_words(settings: RosterSettings) -> str:
    """Return "9, 10, 11", or "Year 10, Year 11 (Grade 10) · Hill School".

    The meaning of a grade is added where a person chose it.
    """
    names = [_named(settings, name) for name, chosen in settings.grade_names.items() if chosen]
    grades = ", ".join(names or map(grade_label, settings.grades))
    if not settings.schools:
        return grades
    schools = ", ".join(settings.schools.values())
    return _("%(grades)s · %(schools)s") % {"grades": grades, "schools": schools}


def _named(settings: RosterSettings, name: str) -> str:
    level = settings.grade_meanings.get(name.casefold())
    if level is None:
        return name
    return _("%(name)s (%(meaning)s)") % {"name": name, "meaning": level_words(level)}


def level_words(level: int) -> str:
    """Return a level as people call it: "Grade 9", "Kindergarten", "Pre-K"."""
    if level == KINDERGARTEN:
        return _("Kindergarten")
    if level < LOWEST_NAMED:
        return _("Level %(level)d") % {"level": level}
    if level < KINDERGARTEN:
        return grade_label(level)
    return _("Grade %(name)s") % {"name": level}


def class_words(name: str) -> str:
    """Return the name of a grade as a label: "Grade 9" for "9", else the name itself."""
    return _("Grade %(name)s") % {"name": name} if name.isdecimal() else name


def new_grade_words(name: str, students: int) -> str:
    """Return the sentence about a grade that nobody has decided about."""
    text = ngettext(
        "%(number)s student is in “%(name)s”, which is new.",
        "%(number)s students are in “%(name)s”, which is new.",
        students,
    )
    return text % {"number": in_digits(students), "name": name}
