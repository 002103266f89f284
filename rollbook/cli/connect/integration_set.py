"""`rollbook integration set`: connects a school to its SIS, or changes how it is connected.

No vendor is named here: each source says itself which credentials and settings it has.
"""

from typing import Any, NamedTuple

import click
from django.db import transaction

from rollbook.cli.audit_log import VIA
from rollbook.cli.connect.credentials import choices_from, plain_credentials, secrets_from_input
from rollbook.cli.connect.integration_document import of_integration
from rollbook.cli.connect.integrations import show_integration
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_school
from rollbook.cli.options import grouped, school_option
from rollbook.cli.output import Output, Refusal, not_found, prints
from rollbook.roster.values.grades import parse_grades
from rollbook.sources.base import Source, Variant
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.setup import integrations


class Connection(NamedTuple):
    """How to reach the SIS; secrets come from standard input."""

    variant: str | None
    pairs: tuple[str, ...]
    keep_secrets: bool
    choices: tuple[str, ...]


class Switches(NamedTuple):
    """Settings that stay as they are where None."""

    grades: str | None
    active: bool | None
    test_run: bool | None
    notify: bool | None


class Fields(NamedTuple):
    """Which optional fields are pulled in, and from which place in the SIS."""

    without: tuple[str, ...]
    all_fields: bool
    places: tuple[str, ...]


connection_options = grouped(
    "connection",
    Connection,
    click.option("--variant", default=None, help="The API version, for a SIS with several."),
    click.option(
        "--credential",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        help="A credential that is not a secret. Can be repeated.",
    ),
    click.option(
        "--keep-secrets",
        is_flag=True,
        help="Keep the stored secrets and read nothing from standard input.",
    ),
    click.option(
        "--choice",
        "choices",
        multiple=True,
        metavar="KEY=VALUE",
        help="Another setting of this SIS. Can be repeated.",
    ),
)
switch_options = grouped(
    "switches",
    Switches,
    click.option(
        "--grades",
        default=None,
        metavar="RANGE",
        help='Grades to pull in: "9-12", "K-5" or "PK,K,1".',
    ),
    click.option(
        "--active/--inactive",
        default=None,
        help="Inactive: nothing runs, neither by schedule nor by hand.",
    ),
    click.option(
        "--test-run/--live",
        default=None,
        help="A test run only reports. New integrations start with it.",
    ),
    click.option(
        "--notify/--no-notify",
        default=None,
        help="Mail the administrators when a run has errors.",
    ),
)
field_options = grouped(
    "fields",
    Fields,
    click.option(
        "--without",
        multiple=True,
        metavar="FIELD",
        help="Pull in all fields except this optional one. Can be repeated.",
    ),
    click.option("--all-fields", is_flag=True, help="Pull in every field of this SIS again."),
    click.option(
        "--place",
        "places",
        multiple=True,
        metavar="FIELD=SIS_FIELD",
        help="Where the SIS keeps a field: email=student_username@lincoln.example. "
        "Can be repeated.",
    ),
)


@click.command("set")
@click.argument("source")
@school_option
@connection_options
@switch_options
@field_options
@prints(show_integration)
def set_integration(
    source: str,
    school_name: str | None,
    connection: Connection,
    switches: Switches,
    fields: Fields,
) -> Output:
    """Connect a SIS, or change its connection. Options that are not given stay as they are.

    Secrets are never arguments, because every user of the machine could read them. They come
    from standard input: the text itself if the SIS has one secret, otherwise one line KEY=VALUE
    for each. At a terminal you are asked for them. An empty input keeps the stored ones.

    \b
    Examples:
      rollbook integration set powerschool --credential client_id=8f0c… \\
          --credential client_url=https://sis.lincoln.example --grades 9-12 < secret.txt
      rollbook integration set powerschool --keep-secrets --live --without birth_date
      rollbook integration sources        shows the keys of each SIS
    """
    school = find_school(school_name)
    sis = SOURCES.get(source) or not_found(
        "source_not_found",
        f"There is no SIS {source!r}. Nothing was saved.",
        f"There are: {', '.join(sorted(SOURCES))}.",
    )
    before = Integration.objects.filter(school=school, source=source).first()
    variant = _variant(sis, connection.variant, before)
    credentials = plain_credentials(variant, connection.pairs)
    if not connection.keep_secrets:
        credentials |= secrets_from_input(variant)
    stored_choices = before.choices if before else {}
    settings = integrations.ConnectionSettings(
        source=source,
        variant=variant.key,
        choices=stored_choices | choices_from(variant, connection.choices),
        credentials=credentials,
        **_switches(before, switches),
    )
    with transaction.atomic():
        saved = integrations.save_connection(school, None, settings, via=VIA)
        if fields.without or fields.all_fields or fields.places:
            integrations.save_mapping(saved, None, _mapping(saved, fields), via=VIA)
    return Output({"integration": of_integration(saved)})


def _variant(sis: Source, key: str | None, before: Integration | None) -> Variant:
    """Return the variant with this key; without a key the stored or the first one."""
    stored = before.variant if before else ""
    variant = sis.variant(stored if key is None else key)
    if key is not None and variant.key != key:
        raise Refusal(
            Exit.USAGE,
            "variant_unknown",
            f"{sis.label} has no variant {key!r}. Nothing was saved.",
            "`rollbook integration sources` shows the variants.",
        )
    return variant


def _switches(before: Integration | None, switches: Switches) -> dict[str, Any]:
    """Return the given settings, else the stored ones, else those of a new integration."""
    settings: dict[str, Any] = {
        "grades": [],
        "active": True,
        "test_run": True,
        "notify_on_errors": True,
    }
    if before is not None:
        settings = {name: getattr(before, name) for name in settings}
    given = {
        "grades": None if switches.grades is None else _grades(switches.grades),
        "active": switches.active,
        "test_run": switches.test_run,
        "notify_on_errors": switches.notify,
    }
    return settings | {name: value for name, value in given.items() if value is not None}


def _grades(text: str) -> list[int]:
    try:
        return parse_grades(text)
    except ValueError as error:
        raise Refusal(
            Exit.USAGE,
            "grades_unreadable",
            f"{str(error)!r} is not a range of grades. Nothing was saved.",
            'Write it like "9-12", "K-5" or "PK,K,1".',
        ) from error


def _mapping(integration: Integration, fields: Fields) -> list[tuple[str, str]]:
    """Return the rows to save. Those in `without` are the SIS's fields or ours.

    Without `without` and `all_fields`, the rows stay that are saved, from other places perhaps.
    """
    variant = integration.variant_type
    rows = integrations.mapping_rows(integration)
    known = {name for row in rows for name in (row.source_field, row.field)}
    for name in fields.without:
        if name not in known:
            raise _unknown_field(name)
    saved = {field for _source_field, field in integration.mapping}
    keeps_saved = not fields.without and not fields.all_fields
    pairs = {
        row.field: row.source_field
        for row in rows
        if not {row.source_field, row.field} & set(fields.without)
        and (row.field in saved or not keeps_saved)
    }
    for place in fields.places:
        field, _equals, source_field = place.partition("=")
        if variant.row(source_field, field) is None:
            raise _unknown_field(place)
        pairs[field] = source_field
    return [(source_field, field) for field, source_field in pairs.items()]


def _unknown_field(name: str) -> Refusal:
    return Refusal(
        Exit.USAGE,
        "field_unknown",
        f"There is no field {name!r}. Nothing was saved.",
        "`rollbook integration sources` shows the fields.",
    )
