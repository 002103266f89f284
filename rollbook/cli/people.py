"""`rollbook school` and `rollbook user`: who works where, as what."""

import secrets
import sys
from zoneinfo import available_timezones

import click
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rollbook.cli.answers import Answer, Document, Refusal, answers, say, table
from rollbook.cli.documents import of_school, of_user
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_user, school_option
from rollbook.schools import audit
from rollbook.schools.models import Membership, School, User

VIA = "command line"
ROLES = ("owner", "administrator", "counselor")


def _show_schools(document: Document) -> None:
    rows = [(school["name"], school["timezone"], school["id"]) for school in document["schools"]]
    table(
        ("School", "Time zone", "Id"),
        rows,
        'No school yet. Add one: rollbook school add "Lincoln High School"',
    )


def _show_school(document: Document) -> None:
    click.echo(f"Added {document['school']['name']} ({document['school']['id']}).")
    say("Next: rollbook user add ada@lincoln.example --role administrator")


@click.command("add")
@click.argument("name")
@click.option(
    "--timezone",
    default="Asia/Singapore",
    show_default=True,
    help="Its IANA time zone, such as America/New_York.",
)
@answers(_show_school)
def add_school(name: str, timezone: str) -> Answer:
    """Add a school.

    \b
    Example:
      rollbook school add "Lincoln High School" --timezone America/New_York
    """
    name = name.strip()
    if not name:
        raise Refusal(Exit.USAGE, "name_missing", "A school needs a name.")
    if timezone not in available_timezones():
        raise Refusal(
            Exit.USAGE,
            "timezone_unknown",
            f"{timezone!r} is not a time zone.",
            "Give its IANA name, such as America/New_York.",
        )
    if School.objects.filter(name__iexact=name).exists():
        raise Refusal(
            Exit.REFUSED,
            "school_exists",
            f"There is a school {name!r} already.",
            "Commands find a school by its name.",
        )
    with transaction.atomic():
        added = School.objects.create(name=name, timezone=timezone)
        audit.record("school.added", school=added, actor=None, subject=str(added.pk), via=VIA)
    return Answer({"school": of_school(added)})


@click.command("list")
@answers(_show_schools)
def list_schools() -> Answer:
    """List the schools of this installation."""
    return Answer({"schools": [of_school(each) for each in School.objects.order_by("name")]})


def _show_users(document: Document) -> None:
    rows = [
        (user["email"], user["name"], at["role"], at["name"])
        for user in document["users"]
        for at in user["schools"] or [{"role": "", "name": ""}]
    ]
    table(
        ("E-mail", "Name", "Role", "School"),
        rows,
        "No users yet. Add one: rollbook user add --help",
    )


def _show_user(document: Document) -> None:
    """The only place where a password is shown, and only one that was made up just now."""
    user = document["user"]
    at = ", ".join(f"{each['role']} at {each['name']}" for each in user["schools"])
    click.echo(f"{user['email']} is {at}." if at else f"{user['email']} works for no school.")
    if document["password"]:
        click.echo(f"Password: {document['password']}")
        say("It is shown this once. Pass it on by a safe way.")


password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input. Otherwise one is made up and shown once.",
)


@click.command("add")
@click.argument("email")
@click.option(
    "--name",
    default="",
    help="How screens and the audit log name this person; the e-mail unless given.",
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="A counselor sees students and reports, and triggers nothing.",
)
@school_option
@password_option
@answers(_show_user)
def add_user(
    email: str, name: str, role: str, school_name: str | None, password_stdin: bool
) -> Answer:
    """Add a person to a school, with a role. A person who is there already keeps the password and gets this role.

    \b
    Examples:
      rollbook user add ada@lincoln.example --name "Ada Admin" --role administrator
      rollbook user add cora@lincoln.example --role counselor --password-stdin < password.txt
    """
    at = find_school(school_name)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise Refusal(
            Exit.USAGE, "email_invalid", f"{email!r} is not an e-mail address."
        ) from error
    made_up = ""
    with transaction.atomic():
        person = User.objects.filter(email=email).first()
        if person is None:
            person = User(email=email, name=name.strip() or email)
            made_up = _set_password(person, password_stdin)
            person.save()
            audit.record("user.added", school=at, actor=None, subject=str(person.pk), via=VIA)
        Membership.objects.update_or_create(school=at, user=person, defaults={"role": role})
        audit.record(
            "membership.set", school=at, actor=None, subject=str(person.pk), via=VIA, role=role
        )
    return Answer({"user": of_user(person), "password": made_up or None})


@click.command("list")
@school_option
@answers(_show_users)
def list_users(school_name: str | None) -> Answer:
    """List the people of one school, or of all."""
    users = User.objects.order_by("email")
    if school_name is not None:
        users = users.filter(memberships__school=find_school(school_name))
    return Answer({"users": [of_user(each) for each in users]})


@click.command("password")
@click.argument("email")
@password_option
@answers(_show_user)
def set_password(email: str, password_stdin: bool) -> Answer:
    """Set a new password for a person.

    \b
    Example:
      rollbook user password ada@lincoln.example
    """
    person = find_user(email)
    with transaction.atomic():
        made_up = _set_password(person, password_stdin)
        person.save()
        audit.record("user.password_set", school=None, actor=None, subject=str(person.pk), via=VIA)
    return Answer({"user": of_user(person), "password": made_up or None})


def _set_password(person: User, from_stdin: bool) -> str:
    """Set the password that stands on standard input, or make one up and return it."""
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else ""
    password = given if from_stdin else secrets.token_urlsafe(12)
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Refusal(Exit.REFUSED, "password_refused", " ".join(error.messages)) from error
    person.set_password(password)
    return "" if from_stdin else password
