"""New students of a roster who have the name and the date of birth of somebody else.

One who is like an existing account waits until a person decides. Two new ones who are alike both
come in, with a note. Twins differ in the first name, so they aren't asked about.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from rollbook.roster.values.names import name_key


class Student(NamedTuple):
    """A student as names and birth dates are compared. `born` is ISO text.

    `account_id` are the 16 bytes of the account's id, None for one that is still to be made.
    """

    sis_id: str
    first_name: str
    last_name: str
    born: str
    account_id: bytes | None = None

    @property
    def person(self) -> tuple[str, str, str]:
        return name_key(self.first_name), name_key(self.last_name), self.born


class Lookalike(NamedTuple):
    """A new student, and the one that is like them: an account, or an earlier new student."""

    student: Student
    other: Student


def lookalikes(
    new_students: Iterable[Student],
    accounts: Iterable[Student],
    is_rejected: Callable[[bytes, str], bool],
) -> list[Lookalike]:
    """Return each new student with the one who is like them.

    Of several new ones that are alike, each is named with the one of the lowest SIS ID.
    `is_rejected` says whether a person decided that an account and a SIS ID are two people.
    """
    accounts_of_person: dict[tuple[str, str, str], list[Student]] = {}
    for account in accounts:
        accounts_of_person.setdefault(account.person, []).append(account)
    first_of_person: dict[tuple[str, str, str], Student] = {}
    alike = []
    for student in sorted(new_students, key=_by_sis_id):
        person = student.person
        others = [
            account
            for account in accounts_of_person.get(person, ())
            if account.account_id is not None
            and not is_rejected(account.account_id, student.sis_id)
        ]
        if not others and person in first_of_person:
            others = [first_of_person[person]]
        if others:
            alike.append(Lookalike(student, others[0]))
        else:
            first_of_person[person] = student
    return alike


def _by_sis_id(student: Student) -> tuple[int, str]:
    return len(student.sis_id), student.sis_id
