"""Where the SIS has the values that many students lack where we look, by a connection test."""

from typing import NamedTuple

from rollbook.roster.planning.causes import Setting
from rollbook.sources.base import MappingRow
from rollbook.sources.discovery import HomeFill, Sample, best_home, survey
from rollbook.sync.models import Integration, Problem
from rollbook.sync.report.causes import Cause, of_cause
from rollbook.sync.setup import connection_tests
from rollbook.sync.words.causes import better_place_words
from rollbook.sync.words.text import translated


class BetterPlace(NamedTuple):
    """Another place for a field, where `usable` of `students` in a sample have a usable value.

    `of_group` is True where these students are some of those who have the problem.
    """

    label: str
    usable: int
    students: int
    of_group: bool

    @property
    def sentence(self) -> str:
        return better_place_words(self.label, self.usable, self.students, of_group=self.of_group)


class Advice(NamedTuple):
    """What would solve a cause: a better `place` for the field, or a connection test to find one.

    `is_tested` is True where the last 24 hours had a connection test.
    """

    place: BetterPlace | None
    is_tested: bool


NO_ADVICE = Advice(None, is_tested=True)


def advice(cause: Cause) -> Advice:
    """Return the better place for the field of a cause, if a setting is probably wrong."""
    integration = cause.integration
    if integration is None or cause.setting is not Setting.MAPPING:
        return NO_ADVICE
    if not _has_places(integration, cause.field):
        return NO_ADVICE
    test = connection_tests.latest(integration.school, cause.source, integration.variant)
    sample = connection_tests.sample_of(test) if test is not None else None
    if sample is None:
        return Advice(None, is_tested=False)
    of_group = _with_problem(sample, integration, cause)
    used = of_group if of_group.records else sample
    place = _best_place(used, cause)
    if place is None:
        return NO_ADVICE
    label = translated(place.home.label) or place.home.source_field
    is_group = bool(of_group.records)
    return Advice(BetterPlace(label, place.usable, place.students, is_group), is_tested=True)


def _has_places(integration: Integration, field: str) -> bool:
    rows: tuple[MappingRow, ...] = integration.variant_type.mapping
    return any(row.field == field and (row.homes or row.takes_any) for row in rows)


def _with_problem(sample: Sample, integration: Integration, cause: Cause) -> Sample:
    """Return the sample with only those students who have the problem."""
    id_fields = [source_field for source_field, field in integration.mapping if field == "sis_id"]
    id_field = "".join(id_fields)
    records = {str(record.get(id_field)): record for record in sample.records}
    problems = Problem.objects.filter(
        school=integration.school_id, fixed_at__isnull=True, sis_id__in=list(records)
    )
    sis_ids = set(of_cause(problems, cause.key).values_list("sis_id", flat=True))
    return Sample([record for key, record in records.items() if key in sis_ids], sample.homes)


def _best_place(sample: Sample, cause: Cause) -> HomeFill | None:
    """Return the place that clearly more of these students have a value in than where we look."""
    fills = {fill.home: fill for fill in survey(sample).get(cause.field, [])}
    used = next((home for home in fills if home.names(cause.source_field)), None)
    usual = used.source_field if used is not None else cause.source_field
    best = best_home(list(fills.values()), usual)
    return None if best is None else fills[best]
