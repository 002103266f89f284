"""How the sources of records are called."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Mode, Run


def source_label(source: str) -> str:
    """Return the name of a source, such as "PowerSchool"; "By hand" for an account without one."""
    if source in SOURCES:
        return SOURCES[source].label
    return source or _("By hand")


def sources_label(sources: Iterable[str]) -> str:
    """Return the names of all SISs that have a student, such as "PowerSchool, Veracross"."""
    return ", ".join(source_label(source) for source in sources)


def sis_label(run: Run) -> str:
    """Return what the records of a run came from, as a sentence names it."""
    return SOURCES[run.source].label if run.source in SOURCES else _("the file")


def uploader_type(run: Run) -> str:
    """Return the name of a run in the history: `PowerSchool Student`, `Students upload`, …"""
    if run.undoes is not None:
        return _("Undo of %(run)s") % {"run": uploader_type(run.undoes)}
    if run.is_upload:
        return _("Students upload")
    name = SOURCES[run.source].uploader_type
    return _("Test %(run)s") % {"run": name} if run.mode == Mode.TEST else name
