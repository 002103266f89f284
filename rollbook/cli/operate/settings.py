"""`rollbook settings`: every setting with its default. docs/settings.md is made from it."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from rollbook.cli.output import Document, Output, json_option, prints, table
from rollbook.config import Config, variables


def _show(document: Document) -> None:
    rows = []
    for setting in document["settings"]:
        is_set = "set" if setting["set"] else ""
        rows.append((setting["variable"], setting["default"], is_set, setting["what"]))
    table(("Variable", "Default", "Here", "Meaning"), rows)


def _settings() -> Iterator[Document]:
    names = variables()
    for name, field in Config.model_fields.items():
        variable = names[name]
        yield {
            "variable": variable,
            "default": _text(field.get_default()) or None,
            "set": variable in os.environ,
            "what": field.description,
        }


def _text(default: Any) -> str:
    if default in (None, ""):
        return ""
    return json.dumps(default) if isinstance(default, list) else str(default)


@prints(_show)
def _list() -> Output:
    return Output({"settings": list(_settings())})


@click.command()
@json_option
@click.option("--markdown", is_flag=True, help="Print the table of docs/settings.md.")
def settings(as_json: bool, markdown: bool) -> None:
    """List all settings and their defaults.

    It shows whether a setting is set here, but never its value.

    \b
    Example:
      rollbook settings --json
    """
    if not markdown:
        _list(as_json=as_json)
    click.echo("| variable | default | what |\n|---|---|---|")
    for setting in _settings():
        default = f"`{setting['default']}`" if setting["default"] else ""
        click.echo(f"| `{setting['variable']}` | {default} | {setting['what']} |")
