"""`rollbook integration leavers` and `fields`: what happens to leavers, and who wins a field."""

from typing import NamedTuple

import click
from django.db import transaction

from rollbook.cli.audit_log import VIA
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import grouped, school_option, source_option
from rollbook.cli.output import Document, Output, prints, table
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.planning.leaver_rules import POLICIES
from rollbook.sync.setup import field_owners, field_rules

FIELD = click.Choice([field for field in STUDENT_FIELDS if field != "sis_id"])
FIELD_NAMES = f"FIELD is one of {', '.join(FIELD.choices)}."


def show_values(document: Document) -> None:
    """Print the names and values of the one object in a document."""
    [values] = [value for value in document.values() if isinstance(value, dict)]
    rows = []
    for name, value in values.items():
        rows.append((name, _as_text(value)))
    table(("", ""), rows)


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_as_name, value))
    return value


def _as_name(value: object) -> str:
    """Return an item of a list; of a link the SIS and the SIS ID."""
    if isinstance(value, dict):
        return " ".join(str(each) for each in value.values())
    return str(value)


class Leavers(NamedTuple):
    """The settings for leavers that were given; None for those that stay."""

    policy: str | None
    runs: int | None
    days: int | None
    rollover: str | None


@click.command("leavers")
@school_option
@source_option
@grouped(
    "changed",
    Leavers,
    click.option(
        "--policy",
        type=click.Choice(POLICIES),
        default=None,
        help="What happens to accounts whose student is no longer in the SIS.",
    ),
    click.option(
        "--runs",
        type=int,
        default=None,
        help="Deactivate after this many complete live runs without the student …",
    ),
    click.option("--days", type=int, default=None, help="… and after this many days."),
    click.option(
        "--rollover",
        default=None,
        metavar="MM-DD",
        help="The day by which a class has graduated, such as 07-01.",
    ),
)
@prints(show_values)
def leavers(school_name: str | None, source: str | None, changed: Leavers) -> Output:
    """Show or set what happens to leavers and graduates. Options not given stay as they are.

    \b
    Example:
      rollbook integration leavers --policy deactivate --runs 3 --days 14
    """
    integration = find_integration(find_school(school_name), source)
    policy = field_rules.leavers_of(integration)
    given = {name: value for name, value in changed._asdict().items() if value is not None}
    if given:
        policy = policy._replace(**given)
        field_rules.save_leavers(integration, None, policy, via=VIA)
    return Output({"leavers": policy._asdict()})


class FieldRules(NamedTuple):
    """The fields whose rule changes."""

    app_wins: tuple[str, ...]
    sis_wins: tuple[str, ...]
    blank_clears: tuple[str, ...]
    blank_keeps: tuple[str, ...]
    owner: tuple[str, ...]


@click.command("fields", epilog=FIELD_NAMES)
@school_option
@source_option
@grouped(
    "changed",
    FieldRules,
    click.option(
        "--app-wins",
        multiple=True,
        type=FIELD,
        metavar="FIELD",
        help="The SIS fills this field once, when ours is empty. Can be repeated.",
    ),
    click.option(
        "--sis-wins",
        multiple=True,
        type=FIELD,
        metavar="FIELD",
        help="The SIS overwrites this field in each run (default).",
    ),
    click.option(
        "--blank-clears",
        multiple=True,
        type=FIELD,
        metavar="FIELD",
        help="An empty value in the SIS clears ours.",
    ),
    click.option(
        "--blank-keeps",
        multiple=True,
        type=FIELD,
        metavar="FIELD",
        help="An empty value in the SIS leaves ours (default).",
    ),
    click.option(
        "--owner",
        multiple=True,
        metavar="FIELD=SOURCE",
        help="The SIS that fills this field of students whom two SISs have; `first` is the one "
        "that was linked first (default). It applies to the whole school.",
    ),
)
@prints(show_values)
def fields(school_name: str | None, source: str | None, changed: FieldRules) -> Output:
    """Show or set which fields the SIS may overwrite. Fields not given stay as they are.

    \b
    Example:
      rollbook integration fields --app-wins preferred_name --blank-clears gender
    """
    integration = find_integration(find_school(school_name), source)
    app_wins = field_rules.app_wins(integration) | set(changed.app_wins)
    app_wins -= set(changed.sis_wins)
    blank_clears = field_rules.blank_clears(integration) | set(changed.blank_clears)
    blank_clears -= set(changed.blank_keeps)
    with transaction.atomic():
        if any(changed[:-1]):
            field_rules.save_field_rules(
                integration, None, app_wins=app_wins, blank_clears=blank_clears, via=VIA
            )
        if changed.owner:
            owners = dict(_owner(given) for given in changed.owner)
            field_owners.save_owners(integration.school, None, owners, via=VIA)
    rules: Document = {"app_wins": sorted(app_wins), "blank_clears": sorted(blank_clears)}
    if integration.school.integrations.count() > 1:
        rules["owners"] = field_owners.owners(integration.school)
    return Output({"fields": rules})


def _owner(given: str) -> tuple[str, str]:
    """Return the field and the SIS of FIELD=SOURCE."""
    field, equals, source = given.partition("=")
    if not equals:
        raise click.UsageError(f"--owner {given}: write FIELD=SOURCE, such as last_name=veracross.")
    return field, field_owners.FIRST if source == "first" else source
