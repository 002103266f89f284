"""The numbered steps at the top of each page of a set-up."""

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from rollbook.sync.models import Integration


class Step(NamedTuple):
    """One step. `state` is done, current or next; `address` is "" if it can't be opened yet."""

    number: str
    label: str
    state: str
    address: str


def steps(current: str, integration: Integration | None) -> list[Step]:
    """Return all steps of connecting a SIS; without an integration, none can be opened yet."""
    labels = {
        "1.1": _("Configure your SIS"),
        "1.2": _("Select Mapping"),
        "2": _("Upload & Integration History"),
    }
    if integration is None:
        return numbered(labels, current, {})
    school = integration.school_id
    addresses = {
        "1.1": f"{reverse('configure-sis', args=[school])}?source={integration.source}",
        "1.2": reverse("select-mapping", args=[school, integration.pk]),
        "2": reverse("history", args=[school]),
    }
    return numbered(labels, current, addresses)


def numbered(labels: dict[str, str], current: str, addresses: dict[str, str]) -> list[Step]:
    """Return one step for each label, by its number, with its state and its address."""
    numbers = list(labels)
    here = numbers.index(current)
    states = ["done"] * here + ["current"] + ["next"] * (len(numbers) - here - 1)
    return [
        Step(number, str(labels[number]), state, addresses.get(number, ""))
        for number, state in zip(numbers, states, strict=True)
    ]
