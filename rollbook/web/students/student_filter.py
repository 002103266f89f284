"""The filter of the list of students: what can be chosen, and which students it lets through."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter

from rollbook.schools.models import School
from rollbook.sources.registry import SOURCES
from rollbook.students import listing
from rollbook.students.models import AccountStatus, StudentAccount
from rollbook.sync.report import work_list
from rollbook.sync.words.sources import source_label
from rollbook.web.filters import ListFilter, OpenChoiceFilter, SearchFilter

ORDERS: Final = (
    ("name", _("Last name, A to Z")),
    ("-name", _("Last name, Z to A")),
    ("email", _("E-mail, A to Z")),
    ("-email", _("E-mail, Z to A")),
    ("year", _("Graduation year, earliest first")),
    ("-year", _("Graduation year, latest first")),
)
REGISTRATIONS: Final = (
    ("none", _("Not invited")),
    ("invited", _("Invited")),
    ("registered", _("Registered")),
)


class StudentFilter(ListFilter):
    """What the list of students, its files and its bulk actions are narrowed to."""

    q = SearchFilter(label=_("Search by name, e-mail, number or SIS ID"))
    year = OpenChoiceFilter(
        label=_("Graduation year"), empty_label=_("All years"), pattern="[0-9]{4}"
    )
    status = ChoiceFilter(
        label=_("Status"), empty_label=_("Any status"), choices=AccountStatus.choices
    )
    source = OpenChoiceFilter(label=_("Source"), empty_label=_("Any source"), pattern="[^\0]{1,40}")
    registration = ChoiceFilter(
        label=_("Registration"), empty_label=_("Any"), choices=REGISTRATIONS
    )
    problem = ChoiceFilter(
        label=_("Problems"),
        empty_label=_("With or without"),
        choices=(("open", _("Has open problem")),),
    )
    order = ChoiceFilter(label=_("Sort by"), empty_label=None, choices=ORDERS)

    defaults = {"order": "name"}
    narrowing = ("q", "year", "status", "source", "registration", "problem")

    def __init__(self, data: Mapping[str, Any], school: School) -> None:
        super().__init__(dict(data.items()), StudentAccount.objects.filter(school=school))
        self.school = school

    def filter_queryset(self, queryset: QuerySet[StudentAccount]) -> QuerySet[StudentAccount]:
        """Return the students that the filter lets through, in no order."""
        year = self.value("year")
        students = listing.students(
            self.school,
            listing.StudentQuery(
                search=self.value("q"),
                year=int(year) if year else None,
                status=self.value("status"),
                source=self.value("source"),
                registration=self.value("registration"),
            ),
        )
        if self.value("problem"):
            students = students.filter(work_list.with_open_problem(self.school))
        return students

    @property
    def ordered(self) -> QuerySet[StudentAccount]:
        """The students that the filter lets through, in the chosen order."""
        return listing.ordered(self.qs, self.value("order"))

    def offer_all(self) -> None:
        """Set what the select boxes offer: the years and the sources that the school has."""
        years = [str(year) for year in listing.years(self.school)]
        self.offer("year", [(year, year) for year in years])
        connected = set(self.school.integrations.values_list("source", flat=True))
        sources = [(slug, source_label(slug)) for slug in SOURCES if slug in connected]
        self.offer("source", [*sources, (listing.BY_HAND, _("By hand"))])
