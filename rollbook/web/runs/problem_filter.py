"""The filter of the list of problems."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from django.db.models import QuerySet
from django.forms import HiddenInput
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter

from rollbook.schools.models import School
from rollbook.sync.models import Problem
from rollbook.sync.report import registrar_file, work_list
from rollbook.sync.report.causes import Cause, causes
from rollbook.sync.report.work_list import FIXED, NEW, OPEN, ProblemQuery
from rollbook.sync.words.severities import SEVERITY_EFFECTS, WHO_LABELS
from rollbook.sync.words.text import word
from rollbook.web.filters import ListFilter, SearchField, SearchFilter

STATES: Final = (
    (OPEN, _("Open")),
    (NEW, _("New since the last run")),
    (FIXED, _("Fixed recently")),
)


def _severities() -> list[tuple[str, str]]:
    return [(code, word(SEVERITY_EFFECTS, code)) for code in SEVERITY_EFFECTS]


def _people() -> list[tuple[str, str]]:
    return [(code, word(WHO_LABELS, code)) for code in WHO_LABELS]


class CauseFilter(CharFilter):
    """A cause from the list of causes; a page links to it."""

    field_class = SearchField


class ProblemFilter(ListFilter):
    """What the list of problems and the registrar's file are narrowed to."""

    q = SearchFilter(label=_("Search by name, SIS ID or value"))
    state = ChoiceFilter(label=_("Show"), empty_label=None, choices=STATES)
    severity = ChoiceFilter(label=_("Severity"), empty_label=_("Any"), choices=_severities)
    who = ChoiceFilter(label=_("Who can fix it"), empty_label=_("Anyone"), choices=_people)

    cause = CauseFilter(widget=HiddenInput())

    defaults = {"state": OPEN}
    narrowing = ("q", "severity", "who", "cause")

    def __init__(self, data: Mapping[str, Any], school: School) -> None:
        super().__init__(dict(data.items()), Problem.objects.filter(school=school))
        self._school = school

    def filter_queryset(self, queryset: QuerySet[Problem]) -> QuerySet[Problem]:
        """Return the problems that the filter lets through, the worst and newest first."""
        return work_list.filtered_problems(self._school, self._chosen())

    @property
    def corrections(self) -> QuerySet[Problem]:
        """The problems within the filter that the registrar can fix in the SIS."""
        return registrar_file.registrar_problems(self._school, self._chosen(), self.causes)

    @cached_property
    def causes(self) -> list[Cause]:
        """The causes of the open problems, without any filter."""
        return causes(self._school)

    def _chosen(self) -> ProblemQuery:
        return ProblemQuery(
            search=self.value("q"),
            state=self.value("state"),
            severity=self.value("severity"),
            who=self.value("who"),
            cause=self.value("cause"),
        )
