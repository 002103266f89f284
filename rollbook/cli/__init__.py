"""The command `rollbook`. Its help needs neither Django nor the modules of the commands."""

import click

from rollbook.cli.commands import COMMANDS
from rollbook.cli.exit_codes import EXIT_CODES
from rollbook.cli.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="rollbook", message="Rollbook %(version)s")
def main() -> None:
    """Keep a school's student accounts in step with its student information system (SIS).

    \b
    To try it out with made-up students:
      rollbook demo
    To set up an installation (DATABASE_URL names its PostgreSQL):
      rollbook migrate
      rollbook school add "Lincoln High School" --timezone America/New_York
      rollbook user add ada@lincoln.example --role administrator
      rollbook web          and, in another terminal,          rollbook worker
    To sync from the command line instead of the screens:
      rollbook integration set --help
      rollbook run --test

    Commands take --json for scripts. With only one school, --school is not needed.
    """
