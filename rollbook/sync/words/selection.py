"""Which students are pulled in, in words: the chosen grades, and the schools if some are chosen."""

from django.utils.translation import gettext as _

from rollbook.roster.values.grades import grade_label
from rollbook.sync.models.run_settings import RosterSettings


def selection_words(settings: RosterSettings) -> str:
    """Return "9, 10, 11", or "Grade 9, Grade 10 · Hill School"."""
    names = [name for name, chosen in settings.grade_names.items() if chosen]
    grades = ", ".join(names or map(grade_label, settings.grades))
    if not settings.schools:
        return grades
    schools = ", ".join(settings.schools.values())
    return _("%(grades)s · %(schools)s") % {"grades": grades, "schools": schools}
