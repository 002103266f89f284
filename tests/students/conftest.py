"""Students without a SIS."""

from collections.abc import Callable
from typing import Any

import pytest

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount

MakeStudent = Callable[..., StudentAccount]


@pytest.fixture
def make_student(school: School) -> MakeStudent:
    """Makes an account; its e-mail follows from the number of accounts there are."""

    def make(first: str = "Ada", last: str = "Lovelace", **columns: Any) -> StudentAccount:
        email = f"s{StudentAccount.objects.count()}@lincoln.example"
        told = {
            "school": school,
            "email": email,
            "email_key": email,
            "graduation_year": 2028,
        } | columns
        return StudentAccount.objects.create(first_name=first, last_name=last, **told)

    return make
