"""Rosters in the shapes that real schools have: the e-mail is where that school keeps it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rollbook.roster.planning.mapping import RecordMapper
from rollbook.roster.planning.selecting import Selector
from rollbook.roster.records import Selection
from rollbook.roster.values.grades import level_of, name_at
from rollbook.sources.base import Connection
from rollbook.sources.discovery import Home, HomeFill, best_home, survey
from rollbook.sources.registry import SOURCES
from rollbook.standins import people, powerschool, veracross
from rollbook.standins.standin import StandIn
from tests.sources.loopback import QUICK, Tokens

STUDENTS = 115
GRADES = Selection(frozenset(range(-1, 14)))

# Source, variant, where the school keeps e-mail and year, and the source fields that find them.
SHAPES = [
    ("powerschool", "", "contact_info", "all", "email", "projected_graduation_year"),
    ("powerschool", "", "username", "all", "student_username", "projected_graduation_year"),
    (
        *("powerschool", "", "domain", "core"),
        *("student_username@school.example", "studentcorefields.graduation_year"),
    ),
    (
        *("powerschool", "", "extension", "none"),
        *("u_students_extension.student_email", "graduation_year_by_grade_12"),
    ),
    ("veracross", "v2", "email_2", "all", "email_2", "graduation_year"),
    ("veracross", "v2", "domain", "none", "username@school.example", "graduation_year_by_grade_12"),
    ("veracross", "v3", "username", "all", "username", "graduation_year"),
    ("veracross", "v3", "domain", "none", "username@school.example", "graduation_year_by_grade_12"),
]

SERVE: dict[str, Callable[..., Any]] = {
    "powerschool": powerschool.serve,
    "veracross": veracross.serve,
}


def connection(standin: Any, slug: str, variant: str, id_field: str = "") -> Connection:
    credentials = {
        "client_id": standin.client_id,
        "client_secret": standin.client_secret,
        "client_url": standin.url,
    }
    if slug == "veracross":
        is_v2 = variant == "v2"
        credentials = {
            "user_name": standin.user_name if is_v2 else standin.client_id,
            "password": standin.password if is_v2 else standin.client_secret,
            "client": standin.address,
        }
    bounds = replace(QUICK, first_wait_seconds=0.01)
    return Connection(credentials, {}, variant, Tokens(), bounds, id_field=id_field)


def active(standin: StandIn) -> dict[str, Any]:
    return {
        str(known.dcid): known
        for known in standin.roster()
        if known.enroll_status == people.ACTIVE and known.email and known.graduation_year
    }


@pytest.mark.parametrize("slug, variant, email_home, year_home, email, year", SHAPES)
def test_every_student_comes_in_from_the_place_that_the_school_has(
    slug: str, variant: str, email_home: str, year_home: str, email: str, year: str
) -> None:
    source = SOURCES[slug]
    rows = {row.field: row for row in source.variant(variant).mapping if row.required}
    rows["email"] = _row(slug, variant, email, "email")
    rows["graduation_year"] = _row(slug, variant, year, "graduation_year")
    mapping = [(row.source_field, row.field) for row in rows.values()]
    mapper = RecordMapper(mapping, 1, Selector(GRADES, source.grade_field))
    homes = {"email_home": email_home, "year_home": year_home}
    with SERVE[slug](students=STUDENTS, seed=7, **homes) as standin:
        pages = source.pages(connection(standin, slug, variant), mapper.source_fields)
        records = [mapper.map(raw).record for page in pages for raw in page.records]
        expected = active(standin)
    came_in = {record.sis_id: record for record in records if record is not None}
    assert came_in.keys() >= expected.keys() and len(expected) > 100
    for sis_id, known in expected.items():
        assert came_in[sis_id].email == known.email
        assert came_in[sis_id].graduation_year == known.graduation_year


@pytest.mark.parametrize("slug, variant, email_home, year_home, email, year", SHAPES)
def test_the_survey_puts_the_place_that_the_school_has_first(
    slug: str, variant: str, email_home: str, year_home: str, email: str, year: str
) -> None:
    source = SOURCES[slug]
    homes = {"email_home": email_home, "year_home": year_home}
    with SERVE[slug](students=STUDENTS, seed=7, clean=True, **homes) as standin:
        sample = source.sample_students(connection(standin, slug, variant), frozenset())
    fills = survey(sample)
    best = fills["email"][0]
    assert best.home.names(email) or best.home.source_field == email
    assert best.usable == best.students == len(sample.records)
    of_year = {fill.home.source_field: fill for fill in fills["graduation_year"]}
    assert of_year[year].usable == len(sample.records)


@pytest.mark.parametrize(
    "usable, best",
    [
        ({"email": 0, "person_email": 98, "username@": 100}, "person_email"),
        ({"email": 91, "person_email": 98}, "person_email"),
        ({"email": 97, "person_email": 100}, None),
        ({"email": 0, "username@": 100}, "username@"),
        ({"email": 60, "username@": 100}, None),
        ({"email": 0, "person_email": 0}, None),
        ({}, None),
    ],
)
def test_another_home_is_proposed_only_where_it_is_clearly_better(
    usable: dict[str, int], best: str | None
) -> None:
    fills = [HomeFill(Home(name, name), 100, count, count, ()) for name, count in usable.items()]
    home = best_home(fills, "email")
    assert (home.source_field if home else None) == best


def test_a_district_may_use_its_own_number_as_the_id() -> None:
    source = SOURCES["powerschool"]
    with powerschool.serve(students=40, seed=7, clean=True) as standin:
        known = [each for each in standin.roster() if each.enroll_status == people.ACTIVE]
        standin.edit(known[0].dcid, enroll_status=people.TRANSFERRED)
        missing = [known[0].local_id, "99999"]
        asked = replace(connection(standin, "powerschool", "", "local_id"), missing=lambda: missing)
        pages = list(source.pages(asked, frozenset({"local_id", "grade_level"})))
    ids = [str(record["local_id"]) for page in pages for record in page.records]
    assert ids == [each.local_id for each in known[1:]]
    answers = {answer.sis_id: answer for page in pages for answer in page.answers}
    assert answers[known[0].local_id].status == "Transferred Out"
    assert not answers["99999"].exists


def _row(slug: str, variant: str, source_field: str, field: str) -> Any:
    row = SOURCES[slug].variant(variant).row(source_field, field)
    assert row is not None and row.source_field == source_field
    return row


@pytest.mark.parametrize(
    "slug, variant", [("powerschool", ""), ("veracross", "v2"), ("veracross", "v3")]
)
def test_a_grade_may_mean_something_else_at_one_school(slug: str, variant: str) -> None:
    source = SOURCES[slug]
    year = "graduation_year_by_grade_12"
    id_field = next(row.source_field for row in source.variants[0].mapping if row.field == "sis_id")
    with SERVE[slug](students=STUDENTS, seed=7) as standin:
        talk = connection(standin, slug, variant)

        def read(meanings: dict[str, int | None], *fields: str) -> dict[Any, dict[str, Any]]:
            wanted = frozenset({id_field, year, *fields})
            pages = source.pages(replace(talk, grade_meanings=meanings), wanted)
            return {raw[id_field]: dict(raw) for page in pages for raw in page.records}

        with_schools = read({}, source.school_field)
        grade_of = {key: str(raw[source.grade_field]) for key, raw in with_schools.items()}
        school_of = {key: str(raw[source.school_field]) for key, raw in with_schools.items()}
        some = next(key for key, raw in with_schools.items() if year in raw)
        name, school = grade_of[some], school_of[some]
        usual, there = level_of(name, {}), name_at(name, school)
        assert usual is not None
        before, after = read({}), read({there: usual - 1})
    assert before.keys() == after.keys()
    for key, raw in before.items():
        is_there = grade_of[key] == name and school_of[key] == school
        assert after[key] == (raw | {year: raw[year] + 1} if is_there else raw)
    assert school not in after[some].values(), "the school stays with the SIS"
