"""`rollbook user role, disable, enable, remove`: changes of what people may open."""

import click

from rollbook.cli.audit_log import VIA
from rollbook.cli.documents import of_user
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school, find_user
from rollbook.cli.options import Decorator, school_option
from rollbook.cli.output import Document, Output, Refusal, prints
from rollbook.cli.people.users import ROLES
from rollbook.schools import people
from rollbook.schools.models import User

everywhere_option: Decorator = click.option(
    "--everywhere", is_flag=True, help="At all schools: whether the person can sign in at all."
)


def _show(document: Document) -> None:
    user = document["user"]
    if not user["active"]:
        click.echo(f"{user['email']} can't sign in.")
    for school in user["schools"]:
        state = ", disabled" if school["disabled"] else ""
        click.echo(f"{user['email']}: {school['role']} at {school['name']}{state}")
    if not user["schools"]:
        click.echo(f"{user['email']} belongs to no school.")


@click.command("role")
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@school_option
@prints(_show)
def change_role(email: str, role: str, school_name: str | None) -> Output:
    """Change the role of a person at a school.

    A lower role ends the person's sessions there. A school's last owner stays owner.

    \b
    Example:
      rollbook user role cora@lincoln.example administrator
    """
    school, user = find_school(school_name), find_user(email)
    people.change_role(school, user, role, None, VIA)
    return _output(user)


@click.command("disable")
@click.argument("email")
@school_option
@everywhere_option
@prints(_show)
def disable(email: str, school_name: str | None, everywhere: bool) -> Output:
    """Close a school to a person, and end the sessions there. The role stays.

    \b
    Examples:
      rollbook user disable cora@lincoln.example
      rollbook user disable cora@lincoln.example --everywhere
    """
    _refuse_both(school_name, everywhere)
    user = find_user(email)
    if everywhere:
        people.disable_everywhere(user, VIA)
    else:
        people.disable(find_school(school_name), user, None, VIA)
    return _output(user)


@click.command("enable")
@click.argument("email")
@school_option
@everywhere_option
@prints(_show)
def enable(email: str, school_name: str | None, everywhere: bool) -> Output:
    """Open a school again to a person who was disabled. Older sessions stay ended.

    \b
    Example:
      rollbook user enable cora@lincoln.example
    """
    _refuse_both(school_name, everywhere)
    user = find_user(email)
    if everywhere:
        people.enable_everywhere(user, VIA)
    else:
        people.enable(find_school(school_name), user, None, VIA)
    return _output(user)


@click.command("remove")
@click.argument("email")
@school_option
@prints(_show)
def remove(email: str, school_name: str | None) -> Output:
    """Remove a person from a school, and end the sessions there.

    \b
    Example:
      rollbook user remove cora@lincoln.example --school Lincoln
    """
    school, user = find_school(school_name), find_user(email)
    people.remove(school, user, None, VIA)
    return _output(user)


def _refuse_both(school_name: str | None, everywhere: bool) -> None:
    if school_name is not None and everywhere:
        raise Refusal(
            Exit.USAGE,
            "option_conflict",
            "Give --school or --everywhere, not both. Nothing was changed.",
        )


def _output(user: User) -> Output:
    return Output({"user": of_user(User.objects.get(pk=user.pk))})
