"""What accounts have to be after a run, computed without Rollbook from the list of the SIS.

Few lines, so that they can be checked by reading.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Accounts = dict[str, tuple[str, str, str, int, str, str]]
"""SIS ID → e-mail, first name, last name, graduation year, birth date, gender."""
ENROLLED = 0


def after_a_run(
    before: Accounts, roster: Iterable[Mapping[str, Any]], grades: set[int]
) -> Accounts:
    """Return the accounts after a run.

    Every enrolled student of the chosen grades is as in the SIS; all other accounts stay. So does a
    student whose e-mail in the SIS belongs to an account that stays.
    """
    after = dict(before)
    for each in roster:
        is_selected = each["enroll_status"] == ENROLLED and each["grade_level"] in grades
        if is_selected and each["email"] and each["graduation_year"]:
            after[str(each["dcid"])] = (
                each["email"],
                each["first_name"],
                each["last_name"],
                each["graduation_year"],
                each["birth_date"],
                each["gender"],
            )
    while taken := _whose_email_is_taken(before, after):
        for sis_id in taken:
            if sis_id in before:
                after[sis_id] = before[sis_id]
            else:
                del after[sis_id]
    return after


def _whose_email_is_taken(before: Accounts, after: Accounts) -> list[str]:
    """Return the SIS IDs of changed accounts with the e-mail of an account that stays."""
    staying = {each[0] for sis_id, each in after.items() if before.get(sis_id) == each}
    return [
        sis_id
        for sis_id, each in after.items()
        if before.get(sis_id) != each and each[0] in staying
    ]


def to_change(before: Accounts, after: Accounts) -> list[str]:
    """Return the SIS IDs of the accounts that exist before and are different after."""
    return sorted(sis_id for sis_id in before if after[sis_id] != before[sis_id])
