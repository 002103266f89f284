"""What accounts have to be like, worked out without Rollbook: from the SIS's own list, in a few lines that can be checked by eye."""

from collections.abc import Iterable, Mapping
from typing import Any

Held = dict[str, tuple[str, str, str, int, str, str]]
ENROLLED = 0


def after_a_run(before: Held, roster: Iterable[Mapping[str, Any]], grades: set[int]) -> Held:
    """Every enrolled student of the chosen grades as the SIS has them; whoever else was held stays as they were."""
    after = dict(before)
    for each in roster:
        if (
            each["enroll_status"] == ENROLLED
            and each["grade_level"] in grades
            and each["email"]
            and each["graduation_year"]
        ):
            after[str(each["dcid"])] = (
                each["email"],
                each["first_name"],
                each["last_name"],
                each["graduation_year"],
                each["birth_date"],
                each["gender"],
            )
    return after


def to_change(before: Held, after: Held) -> list[str]:
    """The SIS IDs of those who were held already and become different."""
    return sorted(sis_id for sis_id in before if after[sis_id] != before[sis_id])
