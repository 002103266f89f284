"""The demo's database, with one school and three people who can sign in.

Imported only after the demo has set its environment and Django is loaded.
"""

import os
import secrets

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from rollbook.schools.models import Membership, School, User

SCHOOL, TIMEZONE = "Lincoln High School", "America/New_York"
PEOPLE = (
    ("ada@lincoln.example", "Ada Admin", "administrator"),
    ("cora@lincoln.example", "Cora Counselor", "counselor"),
    ("olga@lincoln.example", "Olga Owner", "owner"),  # who may delete the school
)

Person = dict[str, str]


def prepare(people: list[Person] | None) -> list[Person]:
    """Migrate the database and return who can sign in, with their passwords.

    `people` are those of the first start; who is missing there gets a new password. The embedded
    server ends with this process; its children find it by DATABASE_URL.
    """
    os.environ["DATABASE_URL"] = settings.EMBEDDED_URL
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    school = School.objects.order_by("created_at").first()  # it may have been renamed
    if school is None:
        school = School.objects.create(name=SCHOOL, timezone=TIMEZONE)
    people = everybody(people or [])
    for person in people:
        _add(person, school)
    return people


def everybody(people: list[Person]) -> list[Person]:
    """Return these people and, with new passwords, those of PEOPLE who are missing."""
    known = {person["email"] for person in people}
    return [*people, *(_new_person(*each) for each in PEOPLE if each[0] not in known)]


def _new_person(email: str, name: str, role: str) -> Person:
    return {"email": email, "name": name, "role": role, "password": secrets.token_urlsafe(15)}


def _add(person: Person, school: School) -> None:
    """Add a person at the first start. Who was removed meanwhile stays removed."""
    if User.objects.filter(email=person["email"]).exists():
        return
    with transaction.atomic():
        user = User.objects.create_user(person["email"], person["name"], person["password"])
        Membership.objects.create(school=school, user=user, role=person["role"])
