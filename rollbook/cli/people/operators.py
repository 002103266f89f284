"""`rollbook operator`: people who look after the installation and see no students."""

import click
from django.db import transaction

from rollbook.cli import audit_log
from rollbook.cli.documents import of_user
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_user
from rollbook.cli.output import Document, Output, Refusal, prints, say, table
from rollbook.cli.people.users import checked_email, new_user, password_option
from rollbook.schools import operators
from rollbook.schools.models import User


def _show(document: Document) -> None:
    user = document["user"]
    is_operator = "an operator" if user["operator"] else "no operator"
    click.echo(f"{user['email']} is {is_operator} of this installation.")
    if document["password"]:
        click.echo(f"Password: {document['password']}")
        say("The password is not shown again. Send it to the person in a safe way.")


@click.command("add")
@click.argument("email")
@click.option(
    "--name", default="", help="The name on screens and in the audit log. Default: the e-mail."
)
@password_option
@prints(_show)
def add_operator(email: str, name: str, password_stdin: bool) -> Output:
    """Let a person add schools and look after the installation, without seeing students.

    Somebody who belongs to a school can't be an operator: use another e-mail.

    \b
    Example:
      rollbook operator add ops@district.example --name "Ola Operator"
    """
    address = checked_email(email)
    password = ""
    with transaction.atomic():
        user = User.objects.filter(email=address).first()
        if user is None:
            user, password = new_user(address, name, None, from_stdin=password_stdin)
        operators.make_operator(user, audit_log.VIA)
    return Output({"user": of_user(_again(user)), "password": password or None})


def _show_list(document: Document) -> None:
    rows = [(user["email"], user["name"], user["last_sign_in"]) for user in document["users"]]
    empty = "No operators. Add one: rollbook operator add --help"
    table(("E-mail", "Name", "Last sign-in (UTC)"), rows, empty)


@click.command("list")
@prints(_show_list)
def list_operators() -> Output:
    """List the operators of this installation."""
    users = User.objects.filter(is_operator=True).order_by("email")
    return Output({"users": [of_user(user) for user in users]})


@click.command("remove")
@click.argument("email")
@prints(_show)
def remove_operator(email: str) -> Output:
    """Take the operator's rights from a person. Sessions and emergency access end at once.

    \b
    Example:
      rollbook operator remove ops@district.example
    """
    user = find_user(email)
    if not user.is_operator:
        what = f"{user.email} is no operator. Nothing was changed."
        raise Refusal(
            Exit.NOT_FOUND, "not_an_operator", what, "`rollbook operator list` lists them."
        )
    operators.end_operator(user, audit_log.VIA)
    return Output({"user": of_user(_again(user)), "password": None})


def _again(user: User) -> User:
    return User.objects.get(pk=user.pk)
