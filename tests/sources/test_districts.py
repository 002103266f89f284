"""Districts of one and of many schools, with the grades of four countries, from test to roster."""

from collections import Counter

import pytest

from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Selection
from rollbook.sources.discovery import survey
from rollbook.sources.registry import SOURCES
from rollbook.standins import people
from rollbook.standins.roster import District, Roster
from tests.sources.test_homes import SERVE, connection

# Source, variant, where the e-mail is, country, schools.
DISTRICTS = [
    ("powerschool", "", "extension", "us", 14),
    ("powerschool", "", "domain", "uk", 1),
    ("veracross", "v2", "email_2", "au", 4),
    ("veracross", "v3", "domain", "ib", 4),
    ("veracross", "v2", "username", "uk", 4),
]
DOMAIN = "school.example"


@pytest.mark.parametrize("slug, variant, email_home, country, schools", DISTRICTS)
def test_a_school_finds_its_students_by_what_the_set_up_shows(
    slug: str, variant: str, email_home: str, country: str, schools: int
) -> None:
    source = SOURCES[slug]
    options = {"email_home": email_home, "country": country, "schools": schools, "clean": True}
    with SERVE[slug](students=230, seed=7, **options) as standin:
        asked = connection(standin, slug, variant)
        assert all(step.state == "passed" for step in source.check_connection(asked) if step.needed)
        listed = source.list_schools(asked)
        chosen = frozenset([max(listed, key=lambda school: school.students or 0).key])
        grades = source.count_grades(asked, chosen)
        best = survey(source.sample_students(asked, chosen))["email"][0].home
        email = best.source_field + (DOMAIN if best.takes_domain else "")
        rows = {row.field: row.source_field for row in source.variant(variant).mapping}
        mapping = [
            (email if field == "email" else rows[field], field)
            for field in ("sis_id", "email", "first_name", "last_name", "graduation_year")
        ]
        names = {grade.name.casefold(): True for grade in grades}
        selection = Selection(frozenset(), names, chosen)
        mapper = RecordMapper(
            mapping, 1, Selector(selection, source.grade_field, source.school_field)
        )
        came_in = []
        for page in source.pages(asked, mapper.source_fields):
            for raw in page.records:
                mapped = mapper.map(raw)
                assert not mapped.issues
                if mapped.record is not None:
                    came_in.append(mapped.record)
        known = {str(each.dcid): each for each in standin.roster()}
    assert len(listed) == schools or slug == "veracross"
    assert len(came_in) == sum(grade.students for grade in grades) > 10
    assert all(record.email == known[str(record.sis_id)].email for record in came_in)


def test_the_grades_are_those_of_the_country() -> None:
    expected = {"uk": "Year 13", "au": "Prep", "ib": "Grade 12 (IB2)", "us": "Kindergarten"}
    for country, name in expected.items():
        with SERVE["veracross"](students=230, seed=7, country=country) as standin:
            for variant in ("v2", "v3"):
                asked = connection(standin, "veracross", variant)
                names = [g.name for g in SOURCES["veracross"].count_grades(asked, frozenset())]
                assert name in names, (country, variant)


def test_the_students_of_a_district_are_the_same_in_any_number_of_schools() -> None:
    usual = Roster(7, 300)
    many = Roster(7, 300, district=District(schools=14))
    one = Roster(7, 300, district=District(schools=1))
    counts = Counter(many.brief(number).school_number for number in many.numbers())
    assert len(counts.keys() - {people.GRADUATED_SCHOOL}) == 14
    for number in usual.numbers():
        assert many.student(number).school_number == many.brief(number).school_number
        assert one.student(number).school_number in {300, people.GRADUATED_SCHOOL}
        changed = replace_school(many, number)
        assert changed == replace_school(usual, number)


def replace_school(roster: Roster, number: int) -> people.Student:
    return roster.student(number)._replace(school_number=0)
