"""The filters of a run's report, one for each tab, and the rows that they let through."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter

from rollbook.sync.models import Change, Issue, Run
from rollbook.sync.report import change_rows, problem_rows
from rollbook.sync.report.classes import classes_of
from rollbook.sync.report.row_list import RowList
from rollbook.sync.words.kinds import COUNT_LABELS, EMAIL_CHANGED, LISTED_KINDS, UPDATED_KINDS
from rollbook.sync.words.severities import SEVERITY_LABELS
from rollbook.sync.words.text import word
from rollbook.web.filters import ListFilter, SearchFilter


def _severities() -> list[tuple[str, str]]:
    return [(code, word(SEVERITY_LABELS, code)) for code in SEVERITY_LABELS]


def _kinds() -> list[tuple[str, str]]:
    kinds = (EMAIL_CHANGED, *UPDATED_KINDS, *LISTED_KINDS)
    return [(code, word(COUNT_LABELS, code)) for code in kinds]


class RowFilter(ListFilter):
    """What one tab of a report is narrowed to."""

    tab = CharFilter(widget=forms.HiddenInput)
    q = SearchFilter(label=_("Search by name, SIS ID or e-mail"))

    key = ""
    model: type[Change] | type[Issue] = Change
    narrowing = ("q", "only", "class")

    def __init__(self, data: Mapping[str, Any], run: Run) -> None:
        rows = self.model._default_manager.filter(school_id=run.school_id, run_id=run.pk)
        super().__init__({**dict(data.items()), "tab": self.key}, rows)
        self.run = run
        # `class` is a word of Python, so the filter is declared under another name.
        student_class = self.filters.pop("student_class", None)
        classes = classes_of(run, self.key) if student_class else []
        if student_class and classes:
            student_class.extra["choices"] = classes
            self.filters["class"] = student_class

    @property
    def rows(self) -> RowList[Any]:
        """The rows that the filter lets through."""
        raise NotImplementedError


class ErrorFilter(RowFilter):
    """The tab Errors."""

    q = SearchFilter(label=_("Search by name, SIS ID or value"))
    only = ChoiceFilter(label=_("Show"), empty_label=_("All problems"), choices=_severities)

    key = "errors"
    model = Issue

    @property
    def rows(self) -> RowList[problem_rows.ProblemRow]:
        return problem_rows.problem_rows(self.run, self.value("q"), self.value("only"))


class NewFilter(RowFilter):
    """The tab New."""

    student_class = ChoiceFilter(label=_("Class"), empty_label=_("All classes"))

    key = "new"

    @property
    def rows(self) -> RowList[change_rows.NewRow]:
        return change_rows.new_rows(self.run, self.value("q"), self.value("class"))


class UpdatedFilter(RowFilter):
    """The tab Existing & Update."""

    only = ChoiceFilter(label=_("Show"), empty_label=_("All changes"), choices=_kinds)
    student_class = ChoiceFilter(label=_("Class"), empty_label=_("All classes"))

    key = "updated"

    @property
    def rows(self) -> RowList[change_rows.UpdatedRow]:
        search, kind = self.value("q"), self.value("only")
        return change_rows.updated_rows(self.run, search, kind, self.value("class"))


FILTERS: Final[dict[str, type[RowFilter]]] = {
    each.key: each for each in (ErrorFilter, NewFilter, UpdatedFilter)
}
