"""Finds what an argument names: a school by id or name, a person by e-mail, a run by id or as `last`."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import click

from rollbook.cli.answers import Refusal, not_found
from rollbook.cli.exit_codes import Exit
from rollbook.schools.models import School, User
from rollbook.sync.models import Integration, Run

school_option: Callable[[Any], Any] = click.option(
    "--school",
    "school_name",
    metavar="SCHOOL",
    help="Its name or id. Not needed while there is exactly one school.",
)


def find_school(name: str | None) -> School:
    """The named school, or the only one there is."""
    schools = list(School.objects.order_by("name")[:21])
    if not schools:
        not_found(
            "no_school",
            "There is no school yet.",
            'Add one: rollbook school add "Lincoln High School" --timezone America/New_York',
        )
    if name is None:
        if len(schools) == 1:
            return schools[0]
        names = ", ".join(school.name for school in schools[:20])
        raise Refusal(
            Exit.USAGE,
            "school_unnamed",
            f"There is more than one school: {names}.",
            "Say which one with --school.",
        )
    key = _uuid(name)
    school = (
        School.objects.filter(pk=key).first()
        if key
        else School.objects.filter(name__iexact=name.strip()).first()
    )
    return school or not_found(
        "school_not_found",
        f"There is no school {name!r}.",
        "`rollbook school list` shows all of them.",
    )


def find_user(email: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    return user or not_found(
        "user_not_found", f"There is no user {email!r}.", "`rollbook user list` shows all of them."
    )


def find_integration(school: School, source: str | None) -> Integration:
    """The integration of this source, or the only one of the school."""
    found = list(
        Integration.objects.filter(school=school).select_related("school").order_by("source")
    )
    if source is not None:
        found = [integration for integration in found if integration.source == source]
    if len(found) > 1:
        names = ", ".join(integration.source for integration in found)
        raise Refusal(
            Exit.USAGE,
            "source_unnamed",
            f"{school} has more than one integration: {names}.",
            "Say which one with --source.",
        )
    if not found:
        remedy = "Connect one: rollbook integration set powerschool --help"
        not_found(
            "integration_not_found",
            f"{school} has no integration{f' with {source}' if source else ''}.",
            remedy,
        )
    return found[0]


def find_run(name: str, school_name: str | None) -> Run:
    """A run by its id, or the school's `last` one."""
    runs = Run.objects.select_related("school", "integration", "requested_by")
    if name == "last":
        last = runs.filter(school=find_school(school_name)).order_by("-requested_at").first()
        return last or not_found("no_run", "There is no run yet.", "Start one: rollbook run")
    key = _uuid(name)
    if key and school_name is not None:
        runs = runs.filter(school=find_school(school_name))
    run = runs.filter(pk=key).first() if key else None
    return run or not_found(
        "run_not_found",
        f"There is no run {name!r}.",
        "`rollbook runs` shows them; `last` names the last one.",
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
