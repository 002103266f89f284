"""Reading a roster from PowerSchool: its way of writing JSON, and which fields are asked for."""

from tests.sources.loopback import SmallSchool


def test_every_active_student_comes_once_with_the_wanted_fields_only() -> None:
    with SmallSchool(students=250) as school:
        records = school.records()
    assert [record["id"] for record in records] == list(range(1, 251))
    assert records[0] == {
        "id": 1,
        "first_name": "Ada",
        "last_name": "Secretname1",
        "projected_graduation_year": 2028,
        "grade_level": 10,
        "email": "student1@example.org",
    }
