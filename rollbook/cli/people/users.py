"""`rollbook user`: adds and lists the people who sign in, and sets their passwords."""

import secrets
import sys

import click
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from rollbook.cli import audit_log
from rollbook.cli.documents import of_user
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_user
from rollbook.cli.options import Decorator, school_option
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.schools import devices, people, second_factors, slow_down
from rollbook.schools.models import School, User
from rollbook.schools.names import NameRefused, checked_name

ROLES = ("owner", "administrator", "counselor")

password_option: Decorator = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input. Otherwise one is made and shown once.",
)


def _show(document: Document) -> None:
    """Print a user. Only here a password is printed, and only one that was just made."""
    user = document["user"]
    roles = ", ".join(f"{school['role']} at {school['name']}" for school in user["schools"])
    click.echo(f"{user['email']} is {roles}." if roles else f"{user['email']} has no role yet.")
    if document["password"]:
        click.echo(f"Password: {document['password']}")
        say("The password is not shown again. Send it to the person in a safe way.")


@click.command("add")
@click.argument("email")
@click.option(
    "--name", default="", help="The name on screens and in the audit log. Default: the e-mail."
)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="A counselor sees students and reports, and starts no runs.",
)
@school_option
@password_option
@prints(_show)
def add_user(
    email: str, name: str, role: str, school_name: str | None, password_stdin: bool
) -> Output:
    """Add a person to a school, with a role. An existing user gets the role and keeps the password.

    \b
    Examples:
      rollbook user add ada@lincoln.example --name "Ada Admin" --role administrator
      rollbook user add cora@lincoln.example --role counselor --password-stdin < password.txt
    """
    school = find_school(school_name)
    address = checked_email(email)
    new_password = ""
    with transaction.atomic():
        user = User.objects.filter(email=address).first()
        if user is None:
            user, new_password = new_user(address, name, (school, role), from_stdin=password_stdin)
        else:
            people.add(school, user, role, None, audit_log.VIA)
    return Output({"user": of_user(user), "password": new_password or None})


def checked_email(email: str) -> str:
    """Return an address as users have it. Raises a Refusal."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise Refusal(
            Exit.USAGE,
            "email_invalid",
            f"{address!r} is not an e-mail address. Nobody was added.",
            "Check the address.",
        ) from error
    return address


def new_user(
    address: str, name: str, place: tuple[School, str] | None, *, from_stdin: bool
) -> tuple[User, str]:
    """Make a user, with a role at a school or without; return it and a new password, or "".

    The password is set after the role: the school's name makes a weak password.
    """
    user = User(email=address, name=_checked(name) if name.strip() else address)
    user.set_unusable_password()
    user.save()
    audit_log.record("user.added", place[0] if place else None, str(user.pk))
    if place is not None:
        people.add(place[0], user, place[1], None, audit_log.VIA)
    password = _set_password(user, from_stdin)
    user.save(update_fields=["password"])
    return user, password


def _checked(name: str) -> str:
    try:
        return checked_name(name)
    except NameRefused as refused:
        raise Refusal(Exit.USAGE, "name_refused", f"{refused} Nobody was added.") from refused


def _show_list(document: Document) -> None:
    rows = []
    for user in document["users"]:
        for school in user["schools"] or [{"role": "", "name": "", "disabled": False}]:
            state = _state(user, is_disabled=school["disabled"])
            rows.append((user["email"], user["name"], school["role"], school["name"], state))
    empty = "No users yet. Add one: rollbook user add --help"
    table(("E-mail", "Name", "Role", "School", "State"), rows, empty)


def _state(user: Document, *, is_disabled: bool) -> str:
    if not user["active"]:
        return "can't sign in"
    return "disabled" if is_disabled else "active"


@click.command("list")
@school_option
@prints(_show_list)
def list_users(school_name: str | None) -> Output:
    """List the people of one school, or of all."""
    users = User.objects.order_by("email")
    if school_name is not None:
        users = users.filter(memberships__school=find_school(school_name))
    return Output({"users": [of_user(user) for user in users]})


@click.command("password")
@click.argument("email")
@password_option
@prints(_show)
def set_password(email: str, password_stdin: bool) -> Output:
    """Set a new password for a person.

    \b
    Example:
      rollbook user password ada@lincoln.example
    """
    user = find_user(email)
    with transaction.atomic():
        new_password = _set_password(user, password_stdin)
        user.save(update_fields=["password"])
        slow_down.forget("staff", user.email)
        devices.revoke("staff", user.email)
        audit_log.record("user.password_set", None, str(user.pk))
    return Output({"user": of_user(user), "password": new_password or None})


@click.command("second-factor")
@click.argument("email")
@prints(_show)
def remove_second_factors(email: str) -> Output:
    """Remove all second factors of a person who has lost them, and end the sessions.

    Make sure first that it is this person who asks. The next sign-in leads to setting up new ones.

    \b
    Example:
      rollbook user second-factor ada@lincoln.example
    """
    user = find_user(email)
    with transaction.atomic():
        removed = second_factors.remove_all(user)
        people.end_sessions(user)
        devices.revoke("staff", user.email)
        slow_down.forget("second-factor", user.email)
        audit_log.record("user.second_factors_removed", None, str(user.pk), removed=removed)
    return Output({"user": of_user(user), "password": None})


def _set_password(user: User, from_stdin: bool) -> str:
    """Set a user's password, from standard input or a new one; return it if it is new."""
    given = sys.stdin.readline().rstrip("\r\n") if from_stdin else ""
    password = given if from_stdin else secrets.token_urlsafe(15)
    try:
        validate_password(password, user)
    except ValidationError as error:
        what = f"{' '.join(error.messages)} Nothing was saved."
        raise Refusal(Exit.REFUSED, "password_refused", what, "Choose another password.") from error
    user.set_password(password)
    return "" if from_stdin else password
