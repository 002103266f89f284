"""`rollbook integration check`: tests the saved connection step by step."""

import click

from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school
from rollbook.cli.options import school_option, source_option
from rollbook.cli.output import Document, Output, prints, say
from rollbook.sources.discovery import CheckStep, HomeFill, StepState, survey
from rollbook.sync.models import CheckState, ConnectionTest
from rollbook.sync.setup import connection_tests, credentials
from rollbook.sync.setup.integrations import credentials_to_use
from rollbook.sync.words.connection_tests import StepWords, step_words
from rollbook.sync.words.text import translated

MARKS = {StepState.PASSED: "ok", StepState.FAILED: "FAILED", StepState.SKIPPED: "skipped"}


def _show(document: Document) -> None:
    check = document["check"]
    for grade in check["grades"]:
        click.echo(f"  {grade['name'] or 'no grade':30} {grade['students']:>7,}")
    for school in check["schools"]:
        students = "" if school["students"] is None else f"{school['students']:,}"
        click.echo(f"  {school['key']:>10}  {school['name']:30} {students:>7}")
    for home in check["homes"]:
        click.echo(
            f"  {home['field']}: {home['label']} ({home['source_field']}): "
            f"{home['usable']} of {home['students']} usable"
        )
    works = check["state"] == CheckState.PASSED
    click.echo("The connection works." if works else "The connection doesn't work yet.")


@click.command("check")
@school_option
@source_option
@prints(_show)
def check_integration(school_name: str | None, source: str | None) -> Output:
    """Test the saved connection step by step. No account is changed.

    Each step is printed as soon as it has ended, on standard error. A step that failed names the
    slip that is probably behind it, and what to do. With --json the document has grades, schools
    and where the SIS keeps e-mails as well.
    """
    integration = find_integration(find_school(school_name), source)
    target = connection_tests.Target(
        source=integration.source,
        variant=integration.variant,
        credentials=credentials_to_use(integration, integration.variant_type, {}),
        choices=integration.choices,
    )
    test, is_new = connection_tests.begin(integration.school, None, target)
    plain = {key: value or "" for key, value in credentials.stored(integration).items()}

    def words(step: CheckStep) -> StepWords:
        return step_words(step, integration.source_type, integration.variant_type, plain)

    if is_new:
        connection_tests.work_on(test, target, lambda step: _print_step(step, words(step)))
    else:
        say("A test of these credentials is running already.")
    steps = [(step, words(step)) for step in connection_tests.steps_of(test)]
    exit_code = Exit.DONE if test.state == CheckState.PASSED else Exit.REFUSED
    return Output({"check": _document(test, steps)}, exit_code)


def _print_step(step: CheckStep, words: StepWords) -> None:
    say(f"{MARKS[step.state]:8}{words.label}  {words.detail}".rstrip())
    if words.probably:
        say(f"        Probably: {words.probably}")
    if words.remedy:
        say(f"        {words.remedy}")


def _document(test: ConnectionTest, steps: list[tuple[CheckStep, StepWords]]) -> Document:
    sample = connection_tests.sample_of(test)
    fills = survey(sample) if sample else {}
    return {
        "source": test.source,
        "variant": test.variant,
        "state": test.state,
        "steps": [
            {
                "step": step.key,
                "state": step.state,
                "needed": step.needed,
                "students": step.number,
                "detail": words.detail,
                "slip": words.code,
                "probably": words.probably,
                "remedy": words.remedy,
            }
            for step, words in steps
        ],
        "grades": [
            {"name": grade.name, "students": grade.students}
            for grade in connection_tests.grades_of(test)
        ],
        "schools": [school._asdict() for school in connection_tests.schools_of(test)],
        "homes": [_of_home(field, fill) for field, each in fills.items() for fill in each],
    }


def _of_home(field: str, fill: HomeFill) -> Document:
    return {
        "field": field,
        "source_field": fill.home.source_field,
        "label": translated(fill.home.label),
        "students": fill.students,
        "filled": fill.filled,
        "usable": fill.usable,
    }
