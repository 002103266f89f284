"""The steps of setting up, as the list at the top of each of them shows."""

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from rollbook.sync.models import Integration


class Step(NamedTuple):
    number: str
    label: str
    state: str  # done, current, next
    address: str


def steps(current: str, integration: Integration | None) -> list[Step]:
    """All steps with their state; those that can be opened already have an address."""
    addresses = {"1.1": "", "1.2": "", "2": ""}
    if integration is not None:
        school = integration.school_id
        addresses = {
            "1.1": f"{reverse('configure-sis', args=[school])}?source={integration.source}",
            "1.2": reverse("select-mapping", args=[school, integration.pk]),
            "2": reverse("history", args=[school]),
        }
    labels = {
        "1.1": _("Configure your SIS"),
        "1.2": _("Select Mapping"),
        "2": _("Upload & Integration History"),
    }
    order = list(labels)
    here = order.index(current)
    return [
        Step(
            key,
            labels[key],
            "done" if i < here else "current" if i == here else "next",
            addresses[key],
        )
        for i, key in enumerate(order)
    ]
