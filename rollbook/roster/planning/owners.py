"""Which SIS fills which field of a student whom several active SISs have.

Each field has one owner, so that two SISs with different values don't overwrite each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

from rollbook.roster.planning.leaver_rules import LeaverRules
from rollbook.roster.records import SisLink


class FieldOwners(NamedTuple):
    """The rules about fields that several SISs could fill, as the run of one `source` needs them.

    `mapped` are the fields that each active SIS of the school maps, this one included; `chosen` is
    the SIS that the school chose for a field. By default the first link of an account owns each
    field that its SIS maps. A SIS that has lacked the student for as long as `leavers` require owns
    nothing any more.
    """

    source: str
    mapped: Mapping[str, frozenset[str]] = MappingProxyType({})
    chosen: Mapping[str, str] = MappingProxyType({})
    leavers: LeaverRules = LeaverRules(date.min)

    @property
    def other_sources(self) -> frozenset[str]:
        """The other active SISs of the school."""
        return frozenset(self.mapped) - {self.source}

    @property
    def seed(self) -> str:
        """A text that changes when a field may get another owner: then all records are compared."""
        mapped = [f"{source}={','.join(sorted(self.mapped[source]))}" for source in self.mapped]
        chosen = [f"{field}>{source}" for field, source in self.chosen.items()]
        return ";".join([*sorted(mapped), *sorted(chosen)])

    def owner(self, field: str, sources: Sequence[str]) -> str:
        """Return which of these SISs owns a field: the chosen one, or else the first one."""
        mapping = [source for source in sources if field in self.mapped.get(source, ())]
        chosen = self.chosen.get(field)
        if chosen in mapping:
            return chosen
        return mapping[0] if mapping else self.source

    def foreign_fields(self, links: Sequence[SisLink], fields: Iterable[str]) -> frozenset[str]:
        """Return those of the fields that another SIS owns, for an account with these links."""
        if len(links) < 2:
            return frozenset()
        present = [link.source for link in links if self._has_student(link)]
        return frozenset(field for field in fields if self.owner(field, present) != self.source)

    def _has_student(self, link: SisLink) -> bool:
        if link.source == self.source:
            return True
        return not self.leavers.grace_is_over(link.missing_runs, link.missing_since)
