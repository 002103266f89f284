"""Writes the tables of docs/data-inventory.md from the models and docs/data_inventory.toml."""

import os
import tomllib
from pathlib import Path

import django
from django.apps import apps

HERE = Path(__file__).parent
PAGE = HERE / "data-inventory.md"
ABOUT = HERE / "data_inventory.toml"
MARK = "<!-- tables: written by docs/write_data_inventory.py -->"
APPS = ("schools", "students", "sync")


def inventory() -> str:
    """Return the tables. Raises KeyError for a model or column that the toml doesn't describe."""
    about = tomllib.loads(ABOUT.read_text())
    common = about["common"]
    parts = []
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            table = about[model.__name__]
            parts.append(f"### {model.__name__}\n\n{table['about']}\n\n**Kept:** {table['kept']}\n")
            rows = ["| column | what it has |", "|---|---|"]
            for field in model._meta.concrete_fields:
                words = table.get(field.name) or common[field.name]
                rows.append(f"| `{field.name}` | {words} |")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def page() -> str:
    """Return the page with its tables written anew."""
    before = PAGE.read_text().partition(MARK)[0]
    return f"{before}{MARK}\n\n{inventory()}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rollbook.settings")
    django.setup()
    PAGE.write_text(page())
