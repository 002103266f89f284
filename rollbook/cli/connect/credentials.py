"""Reads the credentials and settings of a SIS from KEY=VALUE pairs and standard input."""

import getpass
import sys
from collections.abc import Collection, Iterable

from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Refusal
from rollbook.sources.base import Variant


def plain_credentials(variant: Variant, pairs: Iterable[str]) -> dict[str, str]:
    """Return the credentials given as arguments.

    Raises a Refusal for a secret among them, without repeating it.
    """
    kinds = {field.key: field.kind for field in variant.credentials}
    given = _pairs(pairs, "--credential", kinds)
    for key in given:
        if kinds[key] == "secret":
            raise Refusal(
                Exit.USAGE,
                "secret_as_argument",
                f"{key} is a secret. Every user of this machine can see arguments, and shells "
                "keep them. Nothing was saved.",
                "Change the secret in the SIS, and give it on standard input.",
            )
    return given


def secrets_from_input(variant: Variant) -> dict[str, str]:
    """Return the secrets from standard input or the terminal; empty if none were given."""
    fields = [field for field in variant.credentials if field.kind == "secret"]
    if sys.stdin.isatty():
        asked = {}
        for field in fields:
            asked[field.key] = getpass.getpass(f"{field.label} (leave empty to keep it): ")
        return asked
    text = sys.stdin.read().strip()
    if not text:
        return {}
    if len(fields) == 1:
        return {fields[0].key: text.removeprefix(f"{fields[0].key}=")}
    lines = [line for line in text.splitlines() if line.strip()]
    return _pairs(lines, "standard input", [field.key for field in fields], secret=True)


def choices_from(variant: Variant, pairs: Iterable[str]) -> dict[str, str]:
    """Return the other settings of the SIS that were given, each with an allowed value."""
    options = {choice.key: [value for value, _ in choice.options] for choice in variant.choices}
    given = _pairs(pairs, "--choice", options)
    for key, value in given.items():
        if value not in options[key]:
            raise Refusal(
                Exit.USAGE,
                "choice_unknown",
                f"{key} can't be {value!r}. Nothing was saved.",
                f"It can be: {', '.join(options[key])}.",
            )
    return given


def _pairs(
    pairs: Iterable[str], where: str, known: Collection[str], secret: bool = False
) -> dict[str, str]:
    """Return KEY=VALUE pairs with known keys. A secret is never part of the message."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or key not in known:
            problem = f"has no {key!r}" if equals and not secret else "has to be KEY=VALUE"
            raise Refusal(
                Exit.USAGE,
                "pair_unknown",
                f"{where} {problem}. Nothing was saved.",
                f"The keys are: {', '.join(sorted(known)) or 'none'}.",
            )
        given[key] = value
    return given
