"""`rollbook integration leavers` and `fields`, and what a person decides about one student: edit, protect, never import."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, table
from rollbook.cli.documents import moment, of_student
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school, school_option
from rollbook.cli.people import VIA
from rollbook.roster.fields import STUDENT_FIELDS
from rollbook.roster.leaving import POLICIES
from rollbook.roster.values import email_key
from rollbook.students import single_rules
from rollbook.students.models import NeverImport, StudentAccount
from rollbook.students.single_rules import Refused
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import field_rules

source_option = click.option(
    "--source", default=None, help="Needed only where a school has several integrations."
)
field_choice = click.Choice([field for field in STUDENT_FIELDS if field != "sis_id"])


def _show_pairs(document: Document) -> None:
    (values,) = (value for value in document.values() if isinstance(value, dict))
    table(
        ("", ""),
        [
            (name, ", ".join(value) if isinstance(value, list) else value)
            for name, value in values.items()
        ],
        "",
    )


@click.command("leavers")
@school_option
@source_option
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default=None,
    help="What becomes of accounts that the SIS no longer has.",
)
@click.option(
    "--runs",
    type=int,
    default=None,
    help="Deactivate after so many complete live runs in a row without the student …",
)
@click.option("--days", type=int, default=None, help="… and after so many days.")
@click.option(
    "--rollover",
    default=None,
    metavar="MM-DD",
    help="The day on which a class has graduated: 07-01.",
)
@answers(_show_pairs)
def leavers(school_name: str | None, source: str | None, **said: Any) -> Answer:
    """Show or set what happens to leavers and graduates. What isn't named stays as it is.

    \b
    Example:
      rollbook integration leavers --policy deactivate --runs 3 --days 14
    """
    integration = find_integration(find_school(school_name), source)
    given = {name: value for name, value in said.items() if value is not None}
    try:
        if given:
            field_rules.save_leavers(
                integration,
                None,
                field_rules.LeaversPolicy(**field_rules.leavers_of(integration)._asdict() | given),
                via=VIA,
            )
    except SettingRefused as refused:
        raise Refusal(Exit.REFUSED, f"{refused.field}_refused", refused.what) from refused
    return Answer({"leavers": field_rules.leavers_of(integration)._asdict()})


@click.command("fields")
@school_option
@source_option
@click.option(
    "--app-wins",
    multiple=True,
    type=field_choice,
    help="The SIS fills it once, where ours is empty; may be given several times.",
)
@click.option(
    "--sis-wins",
    multiple=True,
    type=field_choice,
    help="The SIS's value goes in each time, as usual.",
)
@click.option(
    "--blank-clears", multiple=True, type=field_choice, help="A blank in the SIS empties ours."
)
@click.option(
    "--blank-keeps",
    multiple=True,
    type=field_choice,
    help="A blank in the SIS leaves ours, as usual.",
)
@answers(_show_pairs)
def fields(school_name: str | None, source: str | None, **said: tuple[str, ...]) -> Answer:
    """Show or set which fields the SIS may overwrite. What isn't named stays as it is.

    \b
    Example:
      rollbook integration fields --app-wins preferred_name --blank-clears gender
    """
    integration = find_integration(find_school(school_name), source)
    app, blank = field_rules.app_wins(integration), field_rules.blank_clears(integration)
    app = (app | set(said["app_wins"])) - set(said["sis_wins"])
    blank = (blank | set(said["blank_clears"])) - set(said["blank_keeps"])
    try:
        if any(said.values()):
            field_rules.save_field_rules(
                integration, None, app_wins=app, blank_clears=blank, via=VIA
            )
    except SettingRefused as refused:
        raise Refusal(Exit.REFUSED, f"{refused.field}_refused", refused.what) from refused
    return Answer({"fields": {"app_wins": sorted(app), "blank_clears": sorted(blank)}})


def find_student(school_name: str | None, name: str) -> StudentAccount:
    """A student by the account's id, SIS ID or e-mail."""
    of_school = StudentAccount.objects.select_related("school").filter(
        school=find_school(school_name)
    )
    try:
        found = list(of_school.filter(pk=UUID(name)))
    except ValueError:
        found = list(
            of_school.filter(email_key=email_key(name.strip()))
            or of_school.filter(sis_id=name.strip())[:2]
        )
    if len(found) != 1:
        not_found(
            "student_not_found",
            f"There is no student {name!r}.",
            "Give the account's id, SIS ID or e-mail; `rollbook students`.",
        )
    return found[0]


def _refusal(refused: Refused) -> Refusal:
    field, what = next(iter(refused.errors.items()))
    return Refusal(
        Exit.REFUSED,
        f"{field or 'edit'}_refused",
        f"{STUDENT_FIELDS[field].label}: {what}" if field in STUDENT_FIELDS else what,
    )


def _answer(account: StudentAccount, **more: Any) -> Answer:
    account.refresh_from_db()
    standing = single_rules.protection_of(account)
    told = {
        "locked": sorted(account.locks.values_list("field", flat=True)),
        "protected": standing is not None,
        "protected_until": moment(standing.until) if standing else None,
    }
    return Answer({"student": of_student(account) | told, **more})


@click.command()
@click.argument("student")
@school_option
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A value to write; empty clears it. May be given several times.",
)
@click.option(
    "--keep",
    multiple=True,
    type=field_choice,
    help="Keep this field's value, whatever the SIS says.",
)
@click.option(
    "--unlock", multiple=True, type=field_choice, help="Let the SIS win this field again."
)
@answers(_show_pairs)
def edit(
    student: str,
    school_name: str | None,
    pairs: tuple[str, ...],
    keep: tuple[str, ...],
    unlock: tuple[str, ...],
) -> Answer:
    """Edit a student. The next run puts the SIS's values back, except those that are kept.

    \b
    Example:
      rollbook edit 2112 --set preferred_name=Bea --keep preferred_name
    """
    account = find_student(school_name, student)
    said: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise Refusal(
                Exit.USAGE,
                "pair_unknown",
                "--set has to be FIELD=VALUE.",
                "As in --set preferred_name=Bea",
            )
        said[name] = value
    try:
        single_rules.unlock(account, None, unlock, via=VIA)
        edited = single_rules.edit(account, None, said, keep=keep, via=VIA)
    except single_rules.Refused as refused:
        raise _refusal(refused) from refused
    return _answer(account, edited=edited)


@click.command()
@click.argument("student")
@school_option
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="The last protected day; without it, until it is ended.",
)
@click.option("--reason", default="", help="Why, for whoever looks later.")
@click.option("--end", is_flag=True, help="End the protection.")
@answers(_show_pairs)
def protect(
    student: str, school_name: str | None, until: datetime | None, reason: str, end: bool
) -> Answer:
    """Protect a student's account from sync.

    \b
    Example:
      rollbook protect 2112 --until 2027-01-31 --reason "court order"
    """
    account = find_student(school_name, student)
    try:
        if end:
            single_rules.unprotect(account, None, via=VIA)
        else:
            single_rules.protect(
                account, None, until=until.date() if until else None, reason=reason, via=VIA
            )
    except single_rules.Refused as refused:
        raise _refusal(refused) from refused
    return _answer(account)


def _show_entries(document: Document) -> None:
    rows = [
        (each["field"], each["key"], each["reason"], each["at"], each["id"])
        for each in document["entries"]
    ]
    table(("By", "SIS ID or e-mail", "Reason", "Since", "Id"), rows, "Nobody is on the list.")


@click.command("list")
@school_option
@answers(_show_entries)
def list_entries(school_name: str | None) -> Answer:
    """List the students for whom no run makes an account."""
    return _entries(school_name)


@click.command("add")
@school_option
@click.option("--sis-id", default="", help="The student's SIS ID.")
@click.option("--email", default="", help="The student's e-mail in the SIS.")
@click.option("--reason", default="", help="Why, for whoever looks later.")
@answers(_show_entries)
def add_entry(school_name: str | None, sis_id: str, email: str, reason: str) -> Answer:
    """Put a student on the list. An account that is there already stays as it is."""
    try:
        single_rules.never_import(
            find_school(school_name), None, sis_id=sis_id, email=email, reason=reason, via=VIA
        )
    except single_rules.Refused as refused:
        raise _refusal(refused) from refused
    return _entries(school_name)


@click.command("remove")
@school_option
@click.option("--sis-id", default="", help="The student's SIS ID.")
@click.option("--email", default="", help="The student's e-mail in the SIS.")
@answers(_show_entries)
def remove_entry(school_name: str | None, sis_id: str, email: str) -> Answer:
    """Take a student off the list."""
    school = find_school(school_name)
    named = {"sis_id": sis_id.strip(), "email": email_key(email.strip())}
    found = [
        each for each in NeverImport.objects.filter(school=school) if named[each.field] == each.key
    ]
    if not found:
        not_found(
            "entry_not_found",
            "There is no such entry.",
            "`rollbook never-import list` shows all of them.",
        )
    for entry in found:
        single_rules.allow_import(entry, None, via=VIA)
    return _entries(school_name)


def _entries(school_name: str | None) -> Answer:
    found = NeverImport.objects.filter(school=find_school(school_name)).order_by("-at")
    rows = [
        {"id": str(e.pk), "field": e.field, "key": e.key, "reason": e.reason, "at": moment(e.at)}
        for e in found
    ]
    return Answer({"entries": rows})
