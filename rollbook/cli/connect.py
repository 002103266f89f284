"""`rollbook integration`: connects a school to its SIS. Names no vendor: which credentials there are, the source says itself."""

import getpass
import sys
from typing import Any

import click
from django.db import transaction

from rollbook.cli.answers import Answer, Document, Refusal, answers, not_found, table
from rollbook.cli.documents import of_integration
from rollbook.cli.exit_codes import Exit
from rollbook.cli.lookup import find_integration, find_school, school_option
from rollbook.cli.people import VIA
from rollbook.roster.values import grade_label, parse_grades
from rollbook.sources.base import Source, Variant
from rollbook.sources.registry import SOURCES
from rollbook.sync.models import Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import integrations

Pairs = tuple[str, ...]


def _show(document: Document) -> None:
    each = document["integration"]
    held = ", ".join(_held(field) for field in each["credentials"])
    state = (
        ("active, test run: no account is changed" if each["test_run"] else "active")
        if each["active"]
        else "not active: nothing runs"
    )
    rows = [
        ("School", each["school"]["name"]),
        ("SIS", each["label"]),
        ("State", state),
        ("Credentials", held),
        ("Grades", ", ".join(grade_label(level) for level in each["grades"])),
        ("Settings", ", ".join(f"{key}={value}" for key, value in each["choices"].items())),
        (
            "Mapping",
            ", ".join(f"{row['source_field']} → {row['field']}" for row in each["mapping"]),
        ),
        ("Mail on errors", "yes" if each["notify_on_errors"] else "no"),
    ]
    table(("", ""), [row for row in rows if row[1]], "")


def _held(field: Document) -> str:
    if field["value"] is not None:
        return f"{field['label']} {field['value']}"
    return f"{field['label']} {'set' if field['set'] else 'not set'}"


def _show_all(document: Document) -> None:
    rows = [
        (
            each["school"]["name"],
            each["label"],
            "active" if each["active"] else "off",
            "test" if each["test_run"] else "live",
            each["id"],
        )
        for each in document["integrations"]
    ]
    table(
        ("School", "SIS", "State", "Mode", "Id"),
        rows,
        "Nothing is connected yet: rollbook integration set --help",
    )


def _show_sources(document: Document) -> None:
    for each in document["sources"]:
        for variant in each["variants"]:
            click.echo(f"{each['source']}  {each['label']} {variant['label']}".rstrip())
            for field in variant["credentials"]:
                given = (
                    "from standard input"
                    if field["kind"] == "secret"
                    else f"--credential {field['key']}=…"
                )
                click.echo(f"  {field['label']:24} {given}")
            for choice in variant["choices"]:
                click.echo(
                    f"  {choice['label']:24} --choice {choice['key']}={'|'.join(choice['options'])}"
                )
            for row in variant["mapping"]:
                click.echo(
                    f"  {row['source_field']:32} → {row['field']}{' *' if row['required'] else ''}"
                )


@click.command("sources")
@answers(_show_sources)
def sources() -> Answer:
    """List the SISs that can be connected."""
    return Answer({"sources": [_of_source(each) for each in SOURCES.values()]})


def _of_source(source: Source) -> Document:
    return {
        "source": source.slug,
        "label": source.label,
        "variants": [_of_variant(each) for each in source.variants],
    }


def _of_variant(variant: Variant) -> Document:
    return {
        "variant": variant.key,
        "label": variant.label,
        "credentials": [
            {"key": each.key, "label": each.label, "kind": each.kind}
            for each in variant.credentials
        ],
        "choices": [
            {"key": each.key, "label": each.label, "options": [value for value, _ in each.options]}
            for each in variant.choices
        ],
        "mapping": [
            {"source_field": row.source_field, "field": row.field, "required": row.required}
            for row in variant.mapping
        ],
    }


@click.command("set")
@click.argument("source")
@school_option
@click.option("--variant", default=None, help="For a SIS with several API versions.")
@click.option(
    "--credential",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Anything but a secret; may be given several times.",
)
@click.option(
    "--keep-secrets",
    is_flag=True,
    help="Leave stored secrets as they are and read nothing from standard input.",
)
@click.option(
    "--choice", "choices", multiple=True, metavar="KEY=VALUE", help="A further setting of this SIS."
)
@click.option(
    "--grades", default=None, metavar="RANGE", help='Grades to pull in: "9-12", "K-5", "PK,K,1".'
)
@click.option(
    "--active/--inactive",
    default=None,
    help="Inactive: nothing runs, neither scheduled nor triggered.",
)
@click.option(
    "--test-run/--live",
    default=None,
    help="A test run reports and changes no account. New ones start as test run.",
)
@click.option(
    "--notify/--no-notify", default=None, help="Mail to the administrators when a run has errors."
)
@click.option(
    "--without",
    multiple=True,
    metavar="FIELD",
    help="Pull in all fields but this optional one; may be given several times.",
)
@click.option("--all-fields", is_flag=True, help="Pull in every field of this SIS, as at first.")
@answers(_show)
def set_up_integration(
    source: str,
    school_name: str | None,
    variant: str | None,
    pairs: Pairs,
    keep_secrets: bool,
    choices: Pairs,
    without: Pairs,
    all_fields: bool,
    **switches: Any,
) -> Answer:
    """Connect a SIS, or change its connection. What isn't named stays as it is.

    Secrets are never arguments, where every user of the machine could read them. They come from standard input: the text itself where the
    SIS has one secret, else a line KEY=VALUE for each. At a terminal they are asked for. An empty input keeps the stored ones.

    \b
    Examples:
      rollbook integration set powerschool --credential client_id=8f0c… \\
          --credential client_url=https://sis.lincoln.example --grades 9-12 < secret.txt
      rollbook integration set powerschool --keep-secrets --live --without birth_date
      rollbook integration sources        shows the keys of each SIS
    """
    school = find_school(school_name)
    kind = _source(source)
    before = Integration.objects.filter(school=school, source=source).first()
    form = kind.variant(variant if variant is not None else before.variant if before else "")
    if variant is not None and form.key != variant:
        raise Refusal(
            Exit.USAGE,
            "variant_unknown",
            f"{kind.label} has no variant {variant!r}.",
            "`rollbook integration sources` shows them.",
        )
    credentials = _plain(form, pairs) | ({} if keep_secrets else _secrets(form))
    try:
        with transaction.atomic():
            saved = integrations.save_connection(
                school,
                None,
                integrations.ConnectionSettings(
                    source=source,
                    variant=form.key,
                    choices=(before.choices if before else {}) | _choices(form, choices),
                    credentials=credentials,
                    **_switches(before, **switches),
                ),
                via=VIA,
            )
            if without or all_fields:
                integrations.save_mapping(saved, None, _mapping(form, without), via=VIA)
    except SettingRefused as refused:
        remedy = "`rollbook integration set --help` shows how to give it."
        raise Refusal(Exit.REFUSED, f"{refused.field}_refused", refused.what, remedy) from refused
    return Answer({"integration": of_integration(saved)})


def _switches(
    before: Integration | None,
    grades: str | None,
    active: bool | None,
    test_run: bool | None,
    notify: bool | None,
) -> Document:
    """What was said, else what is stored, else how a new integration starts."""
    said = {
        "grades": None if grades is None else _grades(grades),
        "active": active,
        "test_run": test_run,
        "notify_on_errors": notify,
    }
    new = {"grades": [], "active": True, "test_run": True, "notify_on_errors": True}
    stored = {name: getattr(before, name) for name in new} if before else new
    return stored | {name: value for name, value in said.items() if value is not None}


@click.command("show")
@school_option
@click.option("--source", default=None, help="Needed only where a school has several.")
@answers(_show)
def show_integration(school_name: str | None, source: str | None) -> Answer:
    """Show how a school is connected. Secrets are never shown."""
    return Answer(
        {"integration": of_integration(find_integration(find_school(school_name), source))}
    )


@click.command("list")
@school_option
@answers(_show_all)
def list_integrations(school_name: str | None) -> Answer:
    """List the connected SISs."""
    found = Integration.objects.select_related("school").order_by("school__name", "source")
    if school_name is not None:
        found = found.filter(school=find_school(school_name))
    return Answer({"integrations": [of_integration(each) for each in found]})


def _source(slug: str) -> Source:
    return SOURCES.get(slug) or not_found(
        "source_not_found",
        f"There is no SIS {slug!r}.",
        f"There are: {', '.join(sorted(SOURCES))}.",
    )


def _plain(form: Variant, pairs: Pairs) -> dict[str, str]:
    """The credentials given as arguments. A secret among them is refused, and not repeated in the message."""
    kinds = {field.key: field.kind for field in form.credentials}
    given = _pairs(pairs, "--credential", set(kinds))
    for key in given:
        if kinds[key] == "secret":
            what = f"{key} is a secret: arguments are seen by every user of this machine and kept in shell histories."
            raise Refusal(
                Exit.USAGE,
                "secret_as_argument",
                what,
                "Give it on standard input, and change it at the SIS: it may have been seen.",
            )
    return given


def _secrets(form: Variant) -> dict[str, str]:
    fields = [field for field in form.credentials if field.kind == "secret"]
    if sys.stdin.isatty():
        return {
            field.key: getpass.getpass(f"{field.label} (empty keeps the stored one): ")
            for field in fields
        }
    text = sys.stdin.read().strip()
    if not text:
        return {}
    if len(fields) == 1:
        return {fields[0].key: text.removeprefix(f"{fields[0].key}=")}
    return _pairs(
        tuple(line for line in text.splitlines() if line.strip()),
        "standard input",
        {field.key for field in fields},
        secret=True,
    )


def _choices(form: Variant, pairs: Pairs) -> dict[str, str]:
    options = {choice.key: [value for value, _ in choice.options] for choice in form.choices}
    given = _pairs(pairs, "--choice", set(options))
    for key, value in given.items():
        if value not in options[key]:
            raise Refusal(
                Exit.USAGE,
                "choice_unknown",
                f"{key} can't be {value!r}.",
                f"It can be: {', '.join(options[key])}.",
            )
    return given


def _pairs(pairs: Pairs, where: str, known: set[str], secret: bool = False) -> dict[str, str]:
    """KEY=VALUE pairs with known keys. What was given for a secret is never part of the message."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in known:
            what = (
                f"{where} has to be KEY=VALUE"
                if secret or not equals
                else f"{where} has no {key!r}"
            )
            raise Refusal(
                Exit.USAGE,
                "pair_unknown",
                f"{what}.",
                f"The keys are: {', '.join(sorted(known)) or 'none'}.",
            )
        given[key] = value
    return given


def _grades(text: str) -> list[int]:
    try:
        return parse_grades(text)
    except ValueError as error:
        raise Refusal(
            Exit.USAGE,
            "grades_unreadable",
            f"{str(error)!r} is not a grade range.",
            'Such as "9-12", "K-5" or "PK,K,1".',
        ) from error


def _mapping(form: Variant, without: Pairs) -> list[tuple[str, str]]:
    """Every row of the SIS but those named, by their field or ours."""
    known = {name for row in form.mapping for name in (row.source_field, row.field)}
    for name in without:
        if name not in known:
            raise Refusal(
                Exit.USAGE,
                "field_unknown",
                f"There is no field {name!r}.",
                "`rollbook integration sources` shows the fields.",
            )
    return [
        (row.source_field, row.field)
        for row in form.mapping
        if not {row.source_field, row.field} & set(without)
    ]
