"""docs/commands.md and docs/settings.md are complete: they describe every option and setting."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from rollbook.cli import main
from rollbook.cli.lazy import LazyGroup
from rollbook.config import Config
from rollbook.roster.planning.guards import Limits
from rollbook.sync.models import NoticeEvent, RunState
from rollbook.sync.setup.limits import COUNTS, PERCENTAGES
from rollbook.sync.words.findings import FINDINGS
from rollbook.sync.words.limits import COUNT_LABELS, PERCENT_LABELS
from rollbook.web.set_up.links import CLASHES
from rollbook.web.set_up.safety_limits_forms import LimitsForm

DOCS = Path(__file__).parent.parent / "docs"


def commands(
    group: click.Group, path: tuple[str, ...] = ("rollbook",)
) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command, name
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(main))


def lazy_groups(group: LazyGroup) -> Iterator[LazyGroup]:
    yield group
    for name in group.lazy:
        command = group.get_command(click.Context(group), name)
        if isinstance(command, LazyGroup):
            yield from lazy_groups(command)


@pytest.mark.parametrize("group", [*lazy_groups(main)], ids=lambda group: group.name)
def test_the_list_of_commands_says_what_each_command_says_first(group: LazyGroup) -> None:
    """The list is printed without importing the commands, so it has these lines from a table."""
    for name, entry in group.lazy.items():
        command = group.get_command(click.Context(group), name)
        assert command and command.name == name
        assert command.get_short_help_str(limit=200).rstrip(".") == entry.short_help


def sections() -> dict[str, str]:
    """The text below each heading that names a command."""
    parts = re.split(
        r"^### `(rollbook [^`]+)`\n", (DOCS / "commands.md").read_text(), flags=re.MULTILINE
    )
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_described(name: str) -> None:
    text = sections()[name]
    for parameter in COMMANDS[name].params:
        for option in (*parameter.opts, *parameter.secondary_opts):
            if isinstance(parameter, click.Option) and option not in {"--json", "--help", "-h"}:
                assert f"`{option}" in text, option


def test_no_command_is_described_that_is_not_there() -> None:
    assert sections().keys() == COMMANDS.keys()


def test_every_error_code_of_a_command_is_listed() -> None:
    """The codes are what scripts look at; every call names its code as the first text."""
    raised = re.compile(r'(?:not_found\(|Refusal\(\s*Exit\.\w+,)\s*"(\w+)"')
    text = (DOCS / "commands.md").read_text()
    for path in (DOCS.parent / "rollbook" / "cli").rglob("*.py"):
        for code in raised.findall(path.read_text()):
            assert f"`{code}`" in text, (path.name, code)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name not in {
            "status",
            "limit",
            "offset",
            "graduation_year",
        }:
            assert parameter.help, (name, parameter.name)


def row_of(name: str, field: Any) -> str:
    """How a setting stands in docs/settings.md."""
    variable = field.validation_alias or f"ROLLBOOK_{name.upper()}"
    default = field.get_default()
    shown = (
        ""
        if default in (None, "")
        else f"`{json.dumps(default) if isinstance(default, list) else default}`"
    )
    return f"| `{variable}` | {shown} | {field.description} |"


@pytest.mark.parametrize("name", Config.model_fields)
def test_every_setting_is_described_with_its_default(name: str) -> None:
    assert (
        row_of(name, Config.model_fields[name]) in (DOCS / "settings.md").read_text().splitlines()
    )


def test_no_setting_is_described_that_is_not_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (DOCS / "settings.md").read_text(), flags=re.MULTILINE)
    assert len(rows) == len(set(rows)) == len(Config.model_fields)


@pytest.mark.parametrize("name", Limits._fields)
def test_every_limit_has_a_setting_a_label_a_field_and_its_name_in_the_help(name: str) -> None:
    assert name in LimitsForm.base_fields
    assert name in str(COMMANDS["rollbook limits set"].help).split()
    if name != "vanished":  # a switch without a figure
        assert name in (*PERCENTAGES, *COUNTS)
        assert name in PERCENT_LABELS | COUNT_LABELS
        assert f"limit_{name}" in Config.model_fields


@pytest.mark.parametrize("code", [*RunState.values, *NoticeEvent.values, *FINDINGS, *CLASHES])
def test_every_code_in_the_json_of_commands_is_listed(code: str) -> None:
    assert f"`{code}`" in (DOCS / "commands.md").read_text()
