"""`rollbook plugin`: our plugin for a SIS that has plugins."""

from pathlib import Path

import click

from rollbook.cli.exit_codes import Exit
from rollbook.cli.files import output_option, show_written, written
from rollbook.cli.lookup import find_school
from rollbook.cli.output import Output, Refusal, not_found, prints
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.setup import plugins


@click.command()
@click.argument("source")
@click.option(
    "--school",
    "school_name",
    default=None,
    metavar="NAME",
    help="Read only the fields that this school maps. Without it, those of the usual mapping.",
)
@output_option("The .zip file to write.", default=Path("rollbook-plugin.zip"))
@prints(show_written)
def plugin(source: str, school_name: str | None, output: Path) -> Output:
    """Write the plugin for a SIS that has plugins. With it, only the needed fields travel.

    \b
    Example:
      rollbook plugin powerschool --school "Lincoln High School"
    """
    sis = SOURCES.get(source) or not_found(
        "source_not_found",
        f"There is no SIS {source!r}. Nothing was written.",
        f"There are: {', '.join(sorted(SOURCES))}.",
    )
    integration = None
    if school_name is not None:
        school = find_school(school_name)
        integration = Integration.objects.filter(school=school, source=source).first()
    content = plugins.plugin_zip(sis, integration)
    if content is None:
        raise Refusal(
            Exit.USAGE,
            "no_plugin",
            f"{sis.label} has no plugins. Nothing was written.",
            "Connect it as docs/connectors.md says.",
        )
    with written(output) as file:
        file.write(content)
    return Output({"file": str(output), "bytes": output.stat().st_size})
