"""The filter of the list of proposed links."""

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import ChoiceFilter

from rollbook.schools.models import School
from rollbook.students.searching import folded_text, having_words
from rollbook.sync.models import LinkProposal
from rollbook.sync.setup import link_decisions
from rollbook.web.filters import ListFilter, SearchFilter

CLASH, EXACT, SUGGESTED, DECIDED = "clash", "exact", "suggested", "decided"
CHOICES: Final = (
    (CLASH, _("Clashes")),
    (EXACT, _("Same e-mail and name")),
    (SUGGESTED, _("Suggestions")),
    (DECIDED, _("Decided")),
)
PROPOSAL_TEXT: Final = folded_text(
    "name", "sis_id", "account__first_name", "account__last_name", "account__email"
)


class LinkFilter(ListFilter):
    """The search and the choice above the list. Without a choice it lists undecided links."""

    q = SearchFilter(label=_("Search by name, e-mail or SIS ID"))
    only = ChoiceFilter(label=_("Show"), empty_label=_("Undecided"), choices=CHOICES)

    narrowing = ("q", "only")

    def __init__(self, data: Mapping[str, Any], school: School) -> None:
        super().__init__(dict(data.items()), LinkProposal.objects.filter(school=school))
        self._school = school

    def filter_queryset(self, queryset: QuerySet[LinkProposal]) -> QuerySet[LinkProposal]:
        """Return the proposals that the filter lets through."""
        only = self.value("only")
        if only == DECIDED:
            proposals = link_decisions.decided_ones(self._school)
        else:
            proposals = link_decisions.undecided(self._school)
        exact = Q(same_email=True, same_name=True, clash="")
        if only == CLASH:
            proposals = proposals.exclude(clash="")
        elif only == EXACT:
            proposals = proposals.filter(exact)
        elif only == SUGGESTED:
            proposals = proposals.filter(clash="").exclude(exact)
        return having_words(proposals, self.value("q"), PROPOSAL_TEXT)
