"""The demo's database, with one school and two people who can sign in.

Imported only after the demo has set its environment and Django is loaded.
"""

import os
import secrets

from django.conf import settings
from django.core.management import call_command

from rollbook.schools.models import Membership, School, User

SCHOOL, TIMEZONE = "Lincoln High School", "America/New_York"
PEOPLE = (
    ("ada@lincoln.example", "Ada Admin", "administrator"),
    ("cora@lincoln.example", "Cora Counselor", "counselor"),
)

Person = dict[str, str]


def prepare(people: list[Person] | None) -> list[Person]:
    """Migrate the database and return who can sign in, with their passwords.

    `people` are those of the first start; without them, new passwords are made. The embedded
    server ends with this process; its children find it by DATABASE_URL.
    """
    os.environ["DATABASE_URL"] = settings.EMBEDDED_URL
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    school, _ = School.objects.get_or_create(name=SCHOOL, defaults={"timezone": TIMEZONE})
    people = people or [_new_person(*each) for each in PEOPLE]
    for person in people:
        _add(person, school)
    return people


def _new_person(email: str, name: str, role: str) -> Person:
    return {"email": email, "name": name, "role": role, "password": secrets.token_urlsafe(9)}


def _add(person: Person, school: School) -> None:
    user = User.objects.filter(email=person["email"]).first()
    if user is None:
        user = User.objects.create_user(person["email"], person["name"], person["password"])
    Membership.objects.get_or_create(school=school, user=user, defaults={"role": person["role"]})
