"""Students with the name and the date of birth of somebody else, as they will be after a plan.

A new one who is like an existing account waits until a person decides. Two accounts that become
alike otherwise stay as they are, and a person is asked. Twins differ in the first name.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rollbook.roster.planning.identity import PersonKey, key_of


class Student(NamedTuple):
    """A student as names and birth dates are compared, with the values after the plan.

    `account_id` are the 16 bytes of the account's id, also of one that is still to be made. `born`
    is ISO text. `is_touched` says that the plan makes the account, renames or opens it, `is_linked`
    that it is linked to the source of the plan. `row_number` is the row of a spreadsheet.
    """

    account_id: bytes
    sis_id: str | None
    first_name: str
    last_name: str
    born: str
    status: str = "active"
    row_number: int | None = None
    is_new: bool = False
    is_touched: bool = False
    is_linked: bool = True

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


class Lookalike(NamedTuple):
    """A student, and the other one with this name and date of birth."""

    student: Student
    other: Student


class Lookalikes(NamedTuple):
    """The students who are alike.

    `waiting` are new ones, with each account that may be theirs; `asked` are pairs of open
    accounts about which a person is asked.
    """

    waiting: list[Lookalike]
    asked: list[Lookalike]

    @property
    def first_accounts(self) -> list[Lookalike]:
        """Return each waiting student once, with the first account that may be theirs."""
        first: dict[bytes, Lookalike] = {}
        for each in self.waiting:
            first.setdefault(each.student.account_id, each)
        return list(first.values())


Different = Callable[[Student, Student], bool]


def lookalikes(
    students: Iterable[Student], are_different: Different, *, linked_only: bool
) -> Lookalikes:
    """Return which of these students are alike.

    `are_different` says whether a person decided that two are different people. With `linked_only`
    new students wait only for accounts that are linked to the source of the plan: other rules
    compare them with accounts without a link.
    """
    waiting: list[Lookalike] = []
    asked: list[Lookalike] = []
    for alike in groups_of_alike(students):
        accounts = [each for each in alike if not each.is_new]
        staying = list(accounts)
        for student in (each for each in alike if each.is_new):
            possible = [
                account
                for account in accounts
                if (account.is_linked or not linked_only) and not are_different(student, account)
            ]
            if not possible:
                staying.append(student)
            waiting += [Lookalike(student, account) for account in possible]
        asked += _pairs(staying, are_different)
    return Lookalikes(waiting, asked)


def groups_of_alike(students: Iterable[Student]) -> list[list[Student]]:
    """Return the students with one name and date of birth, by SIS ID."""
    of_person: dict[PersonKey, list[Student]] = {}
    for student in students:
        key = key_of(student.first_name, student.last_name, student.born)
        if key is not None:
            of_person.setdefault(key, []).append(student)
    return [sorted(alike, key=by_sis_id) for alike in of_person.values() if len(alike) > 1]


def _pairs(alike: list[Student], are_different: Different) -> list[Lookalike]:
    """Return the pairs of open accounts of which the plan touches one; the later SIS ID first."""
    is_open = [each for each in sorted(alike, key=by_sis_id) if each.status == "active"]
    return [
        Lookalike(student, other)
        for place, student in enumerate(is_open)
        for other in is_open[:place]
        if (student.is_touched or other.is_touched) and not are_different(student, other)
    ]


def by_sis_id(student: Student) -> tuple[int, str, bytes]:
    """Return a key that sorts students by SIS ID, a longer number after a shorter one."""
    sis_id = student.sis_id or ""
    return len(sis_id), sis_id, student.account_id
