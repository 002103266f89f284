"""The words of a connection test: its steps, and the slips that are probably behind a failure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from rollbook.sources.base import Source, Variant
from rollbook.sources.discovery import CheckStep, Slip, Step, StepState
from rollbook.sync.words.text import number, translated, word

STEPS: Final[dict[str, str]] = {
    Step.ADDRESS: _("Address reachable"),
    Step.SIGN_IN: _("Sign-in accepted"),
    Step.LIST: _("Permission to read students"),
    Step.SINGLE: _("Permission to look up one student"),
    Step.SCHOOLS: _("Permission to read schools"),
    Step.PLUGIN_QUERY: _("Query of the Rollbook plugin"),
    Step.STUDENTS: _("Students found"),
}

# The slip that only the typed address shows, besides those that a source can tell.
NO_HTTPS: Final = "no_https"

# What probably went wrong. `sis` is the name of the SIS, `id` and `secret` are its credentials.
SLIPS: Final[dict[str, str]] = {
    NO_HTTPS: _("The address starts with http://. Your credentials would travel unprotected."),
    Slip.SWAPPED: _(
        "%(id)s and %(secret)s are the wrong way round. %(sis)s accepts them if they are swapped."
    ),
    Slip.OTHER_SIS: _(
        "This is the address of another system: something answers there, but it isn't %(sis)s."
    ),
    Slip.ROUTE_UNKNOWN: _("%(sis)s knows no school with this short name."),
    Slip.V1_ACCESS_MISSING: _("The plugin is installed without the v1 access level READ."),
    Slip.SCOPE_MISSING: _("A permission is not switched on for this user or application."),
    Slip.TOKEN_REFUSED: _(
        "%(sis)s accepted the sign-in and then refused its own token. The plugin or application "
        "was probably changed or switched off just now."
    ),
    Slip.MAINTENANCE: _("%(sis)s is in maintenance. What you typed is kept; test again later."),
}
# By the code of an error, where the source named no slip.
SLIPS_OF_ERRORS: Final[dict[str, str]] = {
    "credentials_refused": _(
        "A character is missing at the end of %(id)s or %(secret)s, or they belong to a plugin or "
        "application that is installed but not enabled."
    ),
    "address_unreachable": _(
        "The address has a typing mistake, or can only be reached inside the school's network."
    ),
    "permission_missing": _("A permission is not switched on for this user or application."),
    "try_later": _("%(sis)s is busy. What you typed is kept; test again later."),
    "unexpected_answer": _(
        "This is the address of another system: something answers there, but it isn't %(sis)s."
    ),
}


class StepWords(NamedTuple):
    """One step as a page or a terminal shows it.

    `state` is passed, failed, skipped, running or waiting. `probably` names the slip, `remedy` what
    to do next, `code` the slip or error for programs. A step that isn't `needed` may fail.
    """

    label: str
    state: str
    detail: str = ""
    probably: str = ""
    remedy: str = ""
    code: str = ""
    needed: bool = True


def step_words(
    step: CheckStep, source: Source, variant: Variant, credentials: Mapping[str, str]
) -> StepWords:
    """Return a step that has ended in words. `credentials` may leave the secrets out."""
    label = word(STEPS, step.key)
    if step.state is StepState.PASSED and step.number is not None:
        detail = gettext("%(number)s students") % {"number": number(step.number)}
    elif step.state is StepState.PASSED and step.key is Step.STUDENTS:
        detail = ""
    else:
        detail = translated(step.detail)
    if step.state is not StepState.FAILED:
        return StepWords(label, step.state, detail, needed=step.needed)
    code = slip_of(step, variant, credentials)
    words = SLIPS.get(code) or SLIPS_OF_ERRORS.get(code, "")
    probably = gettext(words) % _names(source, variant) if words else ""
    return StepWords(
        label, step.state, detail, probably, translated(step.remedy), code, step.needed
    )


def slip_of(step: CheckStep, variant: Variant, credentials: Mapping[str, str]) -> str:
    """Return the slip behind a failed step, else the code of its error."""
    is_unreached = step.error in {"address_refused", "address_unreachable"}
    if is_unreached and not step.slip and https_address(variant, credentials):
        return NO_HTTPS
    return str(step.slip or step.error)


def https_address(variant: Variant, credentials: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the credential with an http address, and the same address with https; else None."""
    for field in variant.credentials:
        value = credentials.get(field.key, "").strip()
        if field.kind == "url" and value.lower().startswith("http://"):
            return field.key, "https://" + value[len("http://") :]
    return None


def steps_in_words(
    steps: list[CheckStep],
    source: Source,
    variant: Variant,
    credentials: Mapping[str, str],
    *,
    running: bool,
) -> list[StepWords]:
    """Return all steps of a test: those that have ended, the one at work, those that wait."""
    rows = [step_words(step, source, variant, credentials) for step in steps]
    done = {step.key for step in steps}
    if running:
        waiting = [step for step in variant.steps if step not in done]
        for place, step in enumerate(waiting):
            rows.append(StepWords(word(STEPS, step), "waiting" if place else "running"))
    return rows


def _names(source: Source, variant: Variant) -> dict[str, Any]:
    labels = {"sis": source.label, "id": "", "secret": ""}
    for field in variant.credentials:
        if field.kind == "secret":
            labels["secret"] = translated(field.label)
        elif field.kind == "text" and not labels["id"]:
            labels["id"] = translated(field.label)
    return labels
