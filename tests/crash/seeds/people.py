"""The rows of an uploaded file: people who are in no SIS, and two students of the SIS."""

import csv
import io
import random
from datetime import date, timedelta

from tests.crash.model import Accounts

PREFIX = "UP"
FIELDS = (
    "sis_id",
    "email",
    "first_name",
    "last_name",
    "graduation_year",
    "birth_date",
    "gender",
)


def upload_rows(dice: random.Random, accounts: Accounts, week: int) -> Accounts:
    """Return the accounts as a file of this week has them.

    It has new people, some of earlier files under another last name, and two students of the SIS:
    so few that no guard holds the next run, which takes their values from the SIS again.
    """
    rows: Accounts = {}
    for number in range(dice.choice([20, 60, 200])):
        rows.update([_new_person(week, number)])
    earlier = sorted(sis_id for sis_id in accounts if sis_id.startswith(PREFIX))
    for sis_id in dice.sample(earlier, len(earlier) // 2):
        rows[sis_id] = _with_last_name(accounts, sis_id, f"Married {_letters(week)}")
    students = sorted(accounts.keys() - set(earlier))
    for sis_id in dice.sample(students, min(2, len(students))):
        rows[sis_id] = _with_last_name(accounts, sis_id, f"Uploaded {_letters(week)}")
    return rows


def csv_of(rows: Accounts) -> bytes:
    """Return the file with these rows."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(FIELDS)
    writer.writerows([sis_id, *values] for sis_id, values in rows.items())
    return target.getvalue().encode()


def _new_person(week: int, number: int) -> tuple[str, tuple[str, str, str, int, str, str]]:
    word = _letters(week * 1_000 + number)
    born = date(2009, 1, 1) + timedelta(days=number)
    email = f"{word}@upload.example"
    person = (email, "Uma", f"Upton {word.title()}", 2030, born.isoformat(), "F")
    return PREFIX + word, person


def _with_last_name(
    accounts: Accounts, sis_id: str, last_name: str
) -> tuple[str, str, str, int, str, str]:
    email, first, _last, year, born, gender = accounts[sis_id]
    return (email, first, last_name, year, born, gender)


def _letters(number: int) -> str:
    """Return a word of letters for a number: names and these IDs have no digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
