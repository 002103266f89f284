"""The command `rollbook`. Its modules load Django only inside a command that needs it, so that help is there at once."""

import click

from rollbook.cli import (
    backup,
    changes,
    check,
    connect,
    demo,
    invitations,
    keys,
    limits,
    links,
    merge,
    notices,
    operate,
    people,
    records,
    rules,
    runs,
    schedule,
    settings,
    undo,
    upload,
    why,
    work_list,
    worker,
)
from rollbook.cli.answers import EXIT_CODES


@click.group(
    epilog=EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="rollbook", message="Rollbook %(version)s")
def main() -> None:
    """Keep a school's student accounts in step with its student information system.

    \b
    To try it out with made-up students:
      rollbook demo
    To set up an installation (DATABASE_URL names its PostgreSQL):
      rollbook migrate
      rollbook school add "Lincoln High School" --timezone America/New_York
      rollbook user add ada@lincoln.example --role administrator
      rollbook web          and, beside it,          rollbook worker
    To sync from here instead of the screens:
      rollbook integration set --help
      rollbook run --test

    Every command that answers takes --json. Where there is one school it need not be named.
    """


for command in (
    demo.demo,
    operate.migrate,
    operate.web,
    worker.worker,
    people.school,
    people.user,
    connect.integration,
    schedule.schedule,
    runs.run,
    runs.problems,
    changes.changes,
    work_list.work_list,
    why.why,
    links.links,
    runs.holds,
    runs.approve,
    limits.limits,
    runs.discard,
    runs.report,
    undo.undo,
    upload.upload,
    upload.template,
    records.students,
    rules.edit,
    rules.protect,
    rules.never_import,
    merge.merge,
    invitations.invite,
    invitations.invitations,
    notices.notices,
    records.audit,
    check.check,
    backup.backup,
    backup.restore,
    keys.keys,
    settings.settings,
):
    main.add_command(command)
main.add_command(runs.list_runs, "runs")
for command in (rules.leavers, rules.fields):
    connect.integration.add_command(command)
