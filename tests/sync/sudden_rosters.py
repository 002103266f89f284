"""What may happen to a roster in a week, each with its outcome, not worked out by Rollbook.

People are made in the stand-in in two halves. The first are at school. The second are spare, which
means inactive until one of them is needed: somebody joins, or comes back under another SIS ID.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rollbook.standins.faults import Fault
from rollbook.standins.roster import Known
from rollbook.standins.standin import StandIn

PERSON = (
    "first_name",
    "middle_name",
    "last_name",
    "email",
    "graduation_year",
    "grade_level",
    "birth_date",
    "gender",
    "local_id",
)
Held = dict[str, tuple[str, str, str]]  # SIS ID → e-mail, name, status


@dataclass
class Outcome:
    """What a run must lead to: state, alarms, plan by kind, problems by code, accounts afterwards.

    `becomes` are the accounts that differ afterwards, or once the run is approved; None takes one
    out. `completeness` is None where nothing was read to its end.
    """

    state: str = "done"
    alarms: frozenset[str] = frozenset()
    plan: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, int] = field(default_factory=dict)
    becomes: Mapping[str, tuple[str, str, str] | None] = field(default_factory=dict)
    completeness: str = "complete"


@dataclass
class Roster:
    """A stand-in and the people at school in it when the last run came by."""

    sis: StandIn
    people: list[Known]
    spare: list[int]

    def copy(self, who: Known, to: int, **but: Any) -> str:
        """Give a spare one the life of somebody; returns the SIS ID."""
        self.sis.edit(
            to,
            **{name: getattr(who, name) for name in PERSON},
            enroll_status=0,
            school_number=who.school_number,
        )
        if but:
            self.sis.edit(to, **but)
        return str(to)


def row(who: Known, status: str = "active", **but: str) -> tuple[str, str, str]:
    return (
        but.get("email", who.email),
        f"{but.get('first_name', who.first_name)} {but.get('last_name', who.last_name)}",
        status,
    )


def too_many(number: int, of: int, percent: float) -> bool:
    return number > 5 and 100 * number / of > percent


def _gone(roster: Roster, who: list[Known]) -> Outcome:
    """These leave. The guards of leavers, overlap and vanished classes, by hand."""
    for one in who:
        roster.sis.edit(one.dcid, enroll_status=2)
    number, of = len(who), len(roster.people)
    alarms = set()
    if too_many(number, of, 5):
        alarms.add("leavers")
    if 100 * (of - number) / of < 50:
        alarms.add("overlap")
    for name in ("grade_level", "graduation_year"):
        members, left = (
            Counter(getattr(one, name) for one in people) for people in (roster.people, who)
        )
        if any(number == members[value] > 1 for value, number in left.items()):
            alarms.add("vanished")
    becomes = {str(one.dcid): row(one, "left") for one in who}
    return Outcome(
        "on_hold" if alarms else "done", frozenset(alarms), {"left": number}, {}, becomes
    )


def nothing(_roster: Roster) -> Outcome:
    return Outcome()


def empty(roster: Roster) -> Outcome:
    found = _gone(roster, roster.people)
    return replace(found, state="on_hold", alarms=frozenset({"roster_empty"}))


def half(roster: Roster) -> Outcome:
    return _gone(roster, roster.people[::2])


def one_grade(roster: Roster) -> Outcome:
    grade = Counter(one.grade_level for one in roster.people).most_common(1)[0][0]
    return _gone(roster, [one for one in roster.people if one.grade_level == grade])


def _share(roster: Roster, share: float) -> Outcome:
    """So many of a hundred leave, spread over all classes, and of no class everybody."""
    wanted = round(len(roster.people) * share)
    members, taken = Counter(one.grade_level for one in roster.people), Counter[int]()
    who: list[Known] = []
    for one in roster.people[:: max(1, len(roster.people) // (2 * wanted))]:
        if len(who) < wanted and taken[one.grade_level] + 1 < members[one.grade_level]:
            taken[one.grade_level] += 1
            who.append(one)
    return _gone(roster, who)


def three_percent(roster: Roster) -> Outcome:
    return _share(roster, 0.03)


def six_percent(roster: Roster) -> Outcome:
    return _share(roster, 0.06)


def page_lost(roster: Roster) -> Outcome:
    """One page comes without its students, as often as it is asked for."""
    roster.sis.faults = [Fault("empty", page=1 if len(roster.people) < 200 else 2)]
    return Outcome("failed", completeness="short")


def new_ids(roster: Roster) -> Outcome:
    becomes: dict[str, tuple[str, str, str] | None] = {}
    for one, spare in zip(roster.people, roster.spare, strict=False):
        becomes[roster.copy(one, spare)] = row(one)
        becomes[str(one.dcid)] = None
        roster.sis.edit(one.dcid, enroll_status=2)
    return Outcome("on_hold", frozenset({"re_keyed"}), {"linked": len(roster.people)}, {}, becomes)


def new_domain(roster: Roster) -> Outcome:
    becomes = {}
    for one in roster.people:
        address = f"{one.email.partition('@')[0]}@new.example"
        roster.sis.edit(one.dcid, email=address)
        becomes[str(one.dcid)] = row(one, email=address)
    return Outcome(
        "on_hold",
        frozenset({"emails"}),
        {"updated": len(becomes), "email_changed": len(becomes)},
        {},
        becomes,
    )


def swapped_names(roster: Roster) -> Outcome:
    """First and last names change places, as where two fields of the mapping are swapped."""
    becomes = {}
    for one in roster.people:
        names = {"first_name": one.last_name, "last_name": one.first_name}
        roster.sis.edit(one.dcid, **names)
        becomes[str(one.dcid)] = row(one, **names)
    return Outcome(
        "on_hold", frozenset({"names"}), {"updated": len(roster.people)}, becomes=becomes
    )


def other_years(roster: Roster) -> Outcome:
    """Everybody's graduation year moves on, as where the SIS counts its school years anew."""
    for one in roster.people:
        roster.sis.edit(one.dcid, graduation_year=one.graduation_year + 1)
    return Outcome("on_hold", frozenset({"years"}), {"updated": len(roster.people)})


def one_gender_left(roster: Roster) -> Outcome:
    """A field is blank for everybody but one, and its blank clears the value."""
    cleared = [one for one in roster.people if one.gender][1:]
    for one in cleared:
        roster.sis.edit(one.dcid, gender="")
    return Outcome("on_hold", frozenset({"blanks"}), {"updated": len(cleared)})


def merged_school(roster: Roster) -> Outcome:
    """Another school's students come in: as many as four tenths of those who are here."""
    merged = set(roster.spare[: len(roster.people) * 2 // 5])
    for number, spare in enumerate(sorted(merged)):
        grade = number % 13
        names = {"last_name": f"Merged-{number}", "email": f"m{number}@merged.example"}
        changes = {"grade_level": grade, "graduation_year": 2039 - grade, "enroll_status": 0}
        roster.sis.edit(spare, school_number=roster.people[0].school_number, **names, **changes)
    becomes = {str(one.dcid): row(one) for one in roster.sis.roster() if one.dcid in merged}
    return Outcome("on_hold", frozenset({"newcomers"}), {"new": len(becomes)}, becomes=becomes)


def no_emails(roster: Roster) -> Outcome:
    """The e-mail has moved to another field: nobody's record can be used, and nobody is touched."""
    for one in roster.people:
        roster.sis.edit(one.dcid, email="")
    return Outcome(
        "on_hold", frozenset({"errors"}), problems={"required_empty": len(roster.people)}
    )


def twins(roster: Roster) -> Outcome:
    """Two of one name, birth date and class join; only their e-mails and IDs differ."""
    one, becomes = roster.people[0], {}
    for number, spare in enumerate(roster.spare[:2]):
        address = f"twin{number}@twins.example"
        sis_id = roster.copy(one, spare, email=address, last_name="Twin", local_id=f"T{number}")
        becomes[sis_id] = row(one, email=address, last_name="Twin")
    return Outcome("done", plan={"new": 2}, becomes=becomes)


def one_email_for_two(roster: Roster) -> Outcome:
    """A data-entry slip: two students get one address. Neither is touched, everybody else is."""
    first, second, third = roster.people[:3]
    roster.sis.edit(first.dcid, email="same@school.example")
    roster.sis.edit(second.dcid, email="same@school.example")
    roster.sis.edit(third.dcid, first_name="Renamed")
    becomes = {str(third.dcid): row(third, first_name="Renamed")}
    return Outcome("done", plan={"updated": 1}, problems={"email_shared": 2}, becomes=becomes)


def recycled_email(roster: Roster) -> Outcome:
    """Somebody leaves, and a new student gets the address, once the old account gave it up."""
    gone, becomes = roster.people[0], {}
    roster.sis.edit(gone.dcid, enroll_status=2)
    roster.copy(
        gone,
        roster.spare[0],
        first_name="Nova",
        last_name="Newcomer",
        birth_date="2010-02-03",
        local_id="N1",
    )
    becomes[str(gone.dcid)] = row(gone, "left")
    return Outcome("done", plan={"left": 1}, problems={"email_taken": 1}, becomes=becomes)


def reused_id(roster: Roster) -> Outcome:
    """The SIS gives a known ID to somebody else: that record is held by itself."""
    one, other = roster.people[:2]
    roster.sis.edit(
        one.dcid,
        first_name="Quite",
        last_name="Another",
        birth_date="2001-01-01",
        email="another@school.example",
    )
    roster.sis.edit(other.dcid, first_name="Renamed")
    becomes = {str(other.dcid): row(other, first_name="Renamed")}
    return Outcome("done", plan={"updated": 1}, problems={"other_person": 1}, becomes=becomes)


def other_school(roster: Roster) -> Outcome:
    """Under the known IDs there are other people with their own values, and some more people."""
    for number, one in enumerate(roster.people):
        changes = {
            "first_name": f"Ann{number}",
            "last_name": f"Other{number}",
            "email": f"other{number}@elsewhere.example",
        }
        roster.sis.edit(one.dcid, **changes, birth_date="2001-01-01")
    stranger = roster.people[0]
    more = {"first_name": "More", "last_name": "Strange", "email": "more@elsewhere.example"}
    becomes = {
        roster.copy(stranger, roster.spare[0], **more, local_id="M1"): row(stranger, **more)
    }  # only if a person approves it
    return Outcome(
        "on_hold",
        frozenset({"other_people"}),
        {"new": 1},
        {"other_person": len(roster.people)},
        becomes,
    )


def leaves_again(roster: Roster) -> Outcome:
    roster.sis.edit(roster.people[0].dcid, enroll_status=2)
    return Outcome(
        plan={"left": 1}, becomes={str(roster.people[0].dcid): row(roster.people[0], "left")}
    )


def returns(roster: Roster) -> Outcome:
    """Back under the old SIS ID, with another first name: one account, open again."""
    one = roster.people[0]
    roster.sis.edit(one.dcid, enroll_status=0, first_name="Back")
    return Outcome(plan={"returning": 1}, becomes={str(one.dcid): row(one, first_name="Back")})


def returns_anew(roster: Roster) -> Outcome:
    """Somebody is back under a new SIS ID: a question to a person, and no second account."""
    roster.copy(roster.people[0], roster.spare[0])
    return Outcome(problems={"relink_suggested": 1})


SCENES: dict[str, Callable[[Roster], Outcome]] = {
    "nothing changed": nothing,
    "empty": empty,
    "half": half,
    "one grade gone": one_grade,
    "one page lost": page_lost,
    "all ids renumbered": new_ids,
    "another school's people under the same ids": other_school,
    "3 % left": three_percent,
    "6 % left": six_percent,
    "every e-mail re-domained": new_domain,
    "first and last names swapped": swapped_names,
    "every graduation year moved on": other_years,
    "one gender left": one_gender_left,
    "another school merged": merged_school,
    "no e-mail where we look": no_emails,
    "twins join": twins,
    "one e-mail for two": one_email_for_two,
    "recycled e-mail": recycled_email,
    "reused id": reused_id,
}
