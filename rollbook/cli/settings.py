"""`rollbook settings`: every setting with its default and what it is for; docs/settings.md is made from it."""

import json
import os
from collections.abc import Iterator

import click

from rollbook.cli.answers import Answer, Document, answers, json_option, table
from rollbook.config import Config, name_of


def _show_settings(document: Document) -> None:
    rows = [
        (each["variable"], each["default"], "set" if each["set"] else "", each["what"])
        for each in document["settings"]
    ]
    table(("Variable", "Default", "Here", "What"), rows, "No settings.")


def _described() -> Iterator[dict[str, object]]:
    for name, field in Config.model_fields.items():
        variable = str(field.validation_alias or name_of(name))
        default = field.get_default()
        shown = (
            ""
            if default in (None, "")
            else json.dumps(default)
            if isinstance(default, list)
            else str(default)
        )
        yield {
            "variable": variable,
            "default": shown or None,
            "set": variable in os.environ,
            "what": field.description,
        }


@answers(_show_settings)
def _settings() -> Answer:
    return Answer({"settings": list(_described())})


@click.command()
@json_option
@click.option("--markdown", is_flag=True, help="Print the table of docs/settings.md.")
def settings(as_json: bool, markdown: bool) -> None:
    """List all settings and their defaults. Values are not shown.

    \b
    Example:
      rollbook settings --json
    """
    if not markdown:
        _settings(as_json=as_json)
    click.echo("| variable | default | what |\n|---|---|---|")
    for each in _described():
        click.echo(
            f"| `{each['variable']}` | {'`' + str(each['default']) + '`' if each['default'] else ''} | {each['what']} |"
        )
