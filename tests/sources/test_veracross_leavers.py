"""Veracross students who are in the list and don't attend: former, future, alumni, exited."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rollbook.sources.missing_students import Presence
from rollbook.sources.registry import SOURCES
from rollbook.sources.veracross_answers import V2_STATUS
from rollbook.sources.veracross_statuses import LEFT, Statuses
from rollbook.standins import people, veracross
from rollbook.standins.veracross.v2 import V2
from tests.sources.test_homes import connection

SOURCE = SOURCES["veracross"]
FIELDS = frozenset({"person_pk", "current_grade", "email_1"})
TODAY = date(2026, 11, 27)


def read(standin: Any, variant: str, **changes: Any) -> tuple[list[int], dict[str, Any]]:
    asked = replace(connection(standin, "veracross", variant), today=TODAY, **changes)
    pages = list(SOURCE.pages(asked, FIELDS))
    ids = [record["person_pk"] for page in pages for record in page.records]
    return ids, {answer.sis_id: answer for page in pages for answer in page.answers}


def here(standin: Any) -> list[int]:
    return [each.dcid for each in standin.roster() if each.enroll_status == people.ACTIVE]


def test_v2_asks_for_current_students_only() -> None:
    with veracross.serve(students=200) as standin:
        ids, _answers = read(standin, "v2")
        assert ids == here(standin)
        assert all(asked.query.get("option") == "2" for asked in standin.requests)


@pytest.mark.parametrize("roles_as_list", [False, True])
def test_a_list_with_everybody_is_sorted_out_by_role(
    roles_as_list: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(V2, "_current", lambda self: list(self._roster.numbers()))
    with veracross.serve(students=200, roles_as_list=roles_as_list) as standin:
        gone = [each for each in standin.roster() if each.enroll_status != people.ACTIVE]
        missing = {str(each.dcid) for each in gone}
        ids, answers = read(standin, "v2", missing=lambda: missing)
        assert ids == here(standin)
    assert answers.keys() == missing
    assert {answer.status for answer in answers.values()} >= {"Graduated", "Withdrawn"}


def test_a_v3_student_whose_exit_date_has_passed_has_left_with_the_date() -> None:
    with veracross.serve(students=200) as standin:
        left, leaving, *rest = here(standin)
        standin.edit(left, exit_date="2026-11-20")
        standin.edit(leaving, exit_date="2026-12-18")
        ids, answers = read(standin, "v3", missing=lambda: {str(left)})
    assert ids == [leaving, *rest]
    assert answers[str(left)].exit_date == "2026-11-20"


@pytest.mark.parametrize(
    "status, role, attends",
    [
        (b'"Enrolled"', b'"Student"', True),
        (b'"Enrolled"', b'"Student, Alumni Parent"', True),
        (b'"Enrolled"', b'"Future Student"', False),
        (b'"Withdrawn"', b'"Former Student"', False),
        (b'"Withdrawn"', b"null", False),
        (b'"Enrolled"', b"null", True),
        (b"null", b"17", True),
        (b'"Graduated"', b'[{"description": "Alumni"}]', False),
        (b'"Enrolled"', b'[{"description": "Student"}, {"description": "Sibling"}]', True),
    ],
)
def test_whole_roles_are_compared(status: bytes, role: bytes, attends: bool) -> None:
    statuses = Statuses(V2_STATUS, TODAY)
    record = {"person_pk": 7, "enrollment_status": status, "role": role}
    statuses.sort_out([record], "person_pk")
    assert (LEFT not in record) is attends
    again = {"person_pk": 7, "enrollment_status": status, "role": role}
    presence, _exit_date = statuses.presence(again)
    assert (presence is not Presence.GONE) is attends
