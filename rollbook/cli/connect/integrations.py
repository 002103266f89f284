"""`rollbook integration sources`, `show` and `list`: which SISs can be and are connected."""

import click

from rollbook.cli.connect.integration_document import of_integration
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import school_option, source_option
from rollbook.cli.output import Document, Output, prints, table
from rollbook.roster.values.grades import grade_label
from rollbook.sources.base import MappingRow, Source, Variant
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration


def show_integration(document: Document) -> None:
    """Print how a school is connected; secrets are never part of the document."""
    integration = document["integration"]
    choices = integration["choices"].items()
    mapping = [f"{row['source_field']} → {row['field']}" for row in integration["mapping"]]
    rows = [
        ("School", integration["school"]["name"]),
        ("SIS", integration["label"]),
        ("State", _state(integration)),
        ("Credentials", ", ".join(map(_credential, integration["credentials"]))),
        ("Can't be used", integration["credentials_problem"] or ""),
        ("Last changed", _last_change(integration)),
        ("Last used", integration["credentials_used_at"] or "never"),
        ("Grades", ", ".join(_grades(integration))),
        ("Schools", ", ".join(school["name"] for school in integration["schools"])),
        ("Settings", ", ".join(f"{key}={value}" for key, value in choices)),
        ("Mapping", ", ".join(mapping)),
        ("Mail on errors", "yes" if integration["notify_on_errors"] else "no"),
    ]
    table(("", ""), [row for row in rows if row[1]])


def _grades(integration: Document) -> list[str]:
    names = [each["name"] for each in integration["grade_names"] if each["chosen"]]
    return names or [grade_label(level) for level in integration["grades"]]


def _state(integration: Document) -> str:
    if not integration["active"]:
        return "not active: nothing runs"
    return "active, test run: no account is changed" if integration["test_run"] else "active"


def _last_change(integration: Document) -> str:
    """Return when and by whom the credentials were last changed."""
    if integration["credentials_changed_at"] is None:
        return ""
    by = integration["credentials_changed_by"] or "a command"
    return f"{integration['credentials_changed_at']} by {by}"


def _credential(field: Document) -> str:
    if field["value"] is not None:
        return f"{field['label']} {field['value']}"
    return f"{field['label']} {'set' if field['set'] else 'not set'}"


@click.command("show")
@school_option
@source_option
@prints(show_integration)
def show(school_name: str | None, source: str | None) -> Output:
    """Show how a school is connected. Secrets are never shown."""
    integration = find_integration(find_school(school_name), source)
    return Output({"integration": of_integration(integration)})


def _show_list(document: Document) -> None:
    rows = []
    for integration in document["integrations"]:
        state = "active" if integration["active"] else "off"
        mode = "test" if integration["test_run"] else "live"
        school = integration["school"]["name"]
        rows.append((school, integration["label"], state, mode, integration["id"]))
    empty = "Nothing is connected yet: rollbook integration set --help"
    table(("School", "SIS", "State", "Mode", "Id"), rows, empty)


@click.command("list")
@school_option
@prints(_show_list)
def list_integrations(school_name: str | None) -> Output:
    """List the connected SISs. With --school only those of one school."""
    integrations = Integration.objects.select_related("school").order_by("school__name", "source")
    if school_name is not None:
        integrations = integrations.filter(school=find_school(school_name))
    return Output({"integrations": [of_integration(integration) for integration in integrations]})


def _show_sources(document: Document) -> None:
    for source in document["sources"]:
        for variant in source["variants"]:
            click.echo(f"{source['source']}  {source['label']} {variant['label']}".rstrip())
            _show_variant(variant)


def _show_variant(variant: Document) -> None:
    for field in variant["credentials"]:
        is_secret = field["kind"] == "secret"
        how = "from standard input" if is_secret else f"--credential {field['key']}=…"
        click.echo(f"  {field['label']:24} {how}")
    for choice in variant["choices"]:
        options = "|".join(choice["options"])
        click.echo(f"  {choice['label']:24} --choice {choice['key']}={options}")
    for row in variant["mapping"]:
        mark = " *" if row["required"] else ""
        click.echo(f"  {row['source_field']:32} → {row['field']}{mark}")
        for place in row["places"]:
            click.echo(f"    or {place}")


@click.command("sources")
@prints(_show_sources)
def sources() -> Output:
    """List the SISs that can be connected. Each with credentials, settings, fields (* required)."""
    return Output({"sources": [_of_source(source) for source in SOURCES.values()]})


def _of_source(source: Source) -> Document:
    return {
        "source": source.slug,
        "label": source.label,
        "variants": [_of_variant(variant) for variant in source.variants],
    }


def _of_variant(variant: Variant) -> Document:
    return {
        "variant": variant.key,
        "label": variant.label,
        "credentials": [
            {"key": field.key, "label": field.label, "kind": field.kind}
            for field in variant.credentials
        ],
        "choices": [
            {
                "key": choice.key,
                "label": choice.label,
                "options": [value for value, _ in choice.options],
            }
            for choice in variant.choices
        ],
        "mapping": [
            {
                "source_field": row.source_field,
                "field": row.field,
                "required": row.required,
                "places": _places(row),
            }
            for row in variant.mapping
        ],
    }


def _places(row: MappingRow) -> list[str]:
    """Return the other places of the SIS that can fill a row, as they are written for --place."""
    places = [f"{home.source_field}{'DOMAIN' if home.takes_domain else ''}" for home in row.homes]
    return [*places, "TABLE.FIELD"] if row.takes_any else places
