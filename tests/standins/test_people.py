"""The made-up students: the same for a seed, plausible, and hostile where that is asked for."""

import unicodedata
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.standins import people
from rollbook.standins.hostile import TWISTS, twist_of
from rollbook.standins.roster import Roster


def test_the_same_seed_gives_the_same_students() -> None:
    assert list(Roster(7, 100).known()) == list(Roster(7, 100).known())
    assert list(Roster(7, 100).known()) != list(Roster(8, 100).known())


@given(st.integers(0, 10_000), st.integers(1, 1_000_000))
@settings(max_examples=50, deadline=None)
def test_a_student_does_not_depend_on_the_size_of_the_school(seed: int, number: int) -> None:
    assert Roster(seed, number).student(number) == Roster(seed, 1_000_000).student(number)


@given(st.integers(0, 10_000), st.integers(1, 1_000_000))
@settings(max_examples=200, deadline=None)
def test_the_brief_and_the_whole_student_agree(seed: int, number: int) -> None:
    who = people.student(seed, number)
    assert people.brief(seed, number) == (who.enroll_status, who.grade_level, who.school_number)


def test_emails_usernames_and_keys_are_unique() -> None:
    known = list(Roster(1, 3000, clean=True).known())
    for field in ("dcid", "local_id", "username", "email"):
        assert len({getattr(one, field) for one in known}) == 3000, field
    assert all(one.email.isascii() and one.email == one.email.lower() for one in known)
    assert all(len(one.username) <= 20 for one in known)


def test_birth_date_and_graduation_year_fit_the_grade() -> None:
    for one in Roster(1, 1500, clean=True).known():
        if one.grade_level == people.GRADUATED_GRADE:
            assert one.graduation_year < people.SCHOOL_YEAR
            continue
        assert one.graduation_year == people.SCHOOL_YEAR + 12 - one.grade_level
        age = date(people.SCHOOL_YEAR - 1, 9, 1).year - date.fromisoformat(one.birth_date).year
        assert one.grade_level + 5 <= age <= one.grade_level + 6


def test_every_grade_school_and_status_occurs() -> None:
    known = list(Roster(3, 1240).known())
    assert {one.grade_level for one in known} == {*range(-1, 13), 99}
    assert {one.school_number for one in known} == {100, 110, 200, 300, 999999}
    statuses = Counter(one.enroll_status for one in known)
    assert set(statuses) == {-1, 0, 1, 2, 3}
    assert 0.03 < 1 - statuses[0] / 1240 < 0.05
    assert all(one.enroll_status == 3 for one in known if one.school_number == 999999)


def test_names_have_accents() -> None:
    assert sum(not one.last_name.isascii() for one in Roster(3, 400).known()) > 40


def test_the_usual_set_has_a_few_flaws_and_the_clean_set_none() -> None:
    usual, clean = list(Roster(7, 1200).known()), list(Roster(7, 1200, clean=True).known())
    assert sum(not one.email for one in usual) == 6
    assert sum(one.graduation_year == 0 for one in usual) == 3
    assert all(one.email and one.graduation_year for one in clean)


def test_the_hostile_set_holds_every_promised_thing() -> None:
    roster = Roster(7, 400, hostile=True)
    known = list(roster.known())
    names = "".join(one.first_name + one.last_name for one in known)
    assert (
        "🦊" in names and "אֶ" in names and "<script>" in names and "\x00" in names and '"' in names
    )
    assert any(len(one.last_name) == 300 for one in known)
    assert any(one.last_name.startswith("=") for one in known)
    assert any(one.birth_date.endswith("-02-29") for one in known)
    assert any(one.birth_date == "2011-02-30" for one in known)
    assert any(one.graduation_year == 0 for one in known) and any(one.email == "" for one in known)
    assert any(one.local_id.startswith("00") for one in known) and any(
        one.username.isdigit() for one in known
    )
    assert any(one.email != one.email.lower() for one in known)
    assert max(Counter(one.email for one in known if one.email).values()) == 2
    assert max(Counter((one.last_name, one.birth_date) for one in known).values()) >= 2
    forms = {
        unicodedata.is_normalized("NFC", one.last_name) for one in known if "ez-L" in one.last_name
    }
    assert forms == {True, False}
    assert any(roster.student(number).missing for number in roster.numbers())


def test_every_twist_comes_within_a_hundred_students() -> None:
    assert {twist_of(number) for number in range(1, 101)} == {"", *TWISTS}


def test_a_million_students_are_made_only_when_they_are_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A week changes 1.8 % of a roster: only the students that may be chosen for that are made."""
    made = Counter[int]()
    make = people.student

    def counting(seed: int, number: int, *more: Any) -> people.Student:
        made[number] += 1
        return make(seed, number, *more)

    monkeypatch.setattr(people, "student", counting)
    roster = Roster(7, 1_000_000, week=2)
    assert len(roster) > 1_000_000
    assert len(made) < 50_000
