"""Next week's roster: joiners, leavers, new names; too few for a guard to hold the run."""

import pytest

from rollbook.standins.roster import Known, Roster
from tests.standins.client import ACTIVE, Client


def _by_dcid(roster: Roster) -> dict[int, Known]:
    return {one.dcid: one for one in roster.known()}


@pytest.mark.parametrize("size", [200, 1240, 5000])
def test_a_week_brings_joiners_leavers_new_names_and_emails(size: int) -> None:
    before, after = (
        _by_dcid(Roster(7, size, clean=True)),
        _by_dcid(Roster(7, size, week=2, clean=True)),
    )
    joined, vanished = after.keys() - before.keys(), before.keys() - after.keys()
    both = [(before[dcid], after[dcid]) for dcid in before.keys() & after.keys()]
    left = [new for old, new in both if old.enroll_status == 0 and new.enroll_status == 2]
    renamed = [
        new
        for old, new in both
        if (old.first_name, old.last_name) != (new.first_name, new.last_name)
    ]
    moved = [(old, new) for old, new in both if old.email != new.email]
    assert len(joined) == round(size * 0.015) and all(
        after[dcid].enroll_status == 0 for dcid in joined
    )
    assert 1 <= len(vanished) <= max(1, size * 0.002)
    assert len(left) >= 1 and len(left) + len(vanished) < size * 0.05
    assert 1 <= len(renamed) <= size * 0.01
    assert len(moved) >= 3 and len(moved) <= size * 0.02
    swapped = [(old, new) for old, new in moved if not new.email.startswith("new")]
    assert len(swapped) == 2
    assert swapped[0][0].email == swapped[1][1].email and swapped[0][1].email == swapped[1][0].email
    assert all(old.grade_level == new.grade_level for old, new in both)


def test_weeks_add_up_and_can_be_taken_back() -> None:
    roster = Roster(7, 1240)
    first = list(roster.known())
    roster.week = 3
    third = list(roster.known())
    assert third == list(Roster(7, 1240, week=3).known())
    assert len({one.dcid for one in third} - {one.dcid for one in first}) == 2 * round(1240 * 0.015)
    roster.week = 1
    assert list(roster.known()) == first


def test_emails_stay_unique_through_many_weeks() -> None:
    emails = [one.email for one in Roster(7, 800, week=12, clean=True).known()]
    assert len(emails) == len(set(emails))


def test_a_running_stand_in_moves_on_to_the_next_week(own: Client) -> None:
    before = {student["id"] for student in own.students(ACTIVE)}
    assert own.control("week", {"week": 2})["week"] == 2
    after = {student["id"] for student in own.students(ACTIVE)}
    truth = {one.dcid for one in own.standin.roster() if one.enroll_status == 0}
    assert after == truth != before
    assert own.get(f"/ws/v1/district/student/count?q={ACTIVE}").json == {
        "resource": {"count": len(truth)}
    }


def test_an_edit_is_seen_at_once_and_outlives_the_week(own: Client) -> None:
    before = own.get("/ws/v1/student/1005").json["student"]["name"]["last_name"]
    assert own.control("edit", {"dcid": 1005, "set": {"last_name": "Newname"}}) == {"edited": 1005}
    own.standin.week = 2
    assert (
        before != own.get("/ws/v1/student/1005").json["student"]["name"]["last_name"] == "Newname"
    )


def test_an_edit_of_an_unknown_student_or_field_is_refused(own: Client) -> None:
    assert "error" in own.control("edit", {"dcid": 99, "set": {"last_name": "X"}})
    assert "error" in own.control("edit", {"dcid": 1005, "set": {"shoe_size": 44}})
