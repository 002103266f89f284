"""What people read after a school was disconnected from its SISs."""

from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


class Ended(Protocol):
    """How many credentials were deleted, and which runs ended."""

    @property
    def credentials(self) -> int: ...
    @property
    def cancelled(self) -> int: ...
    @property
    def applying(self) -> int: ...


def disconnected_words(school: str, ended: Ended) -> str:
    """Return what happened, in sentences."""
    sentences = [
        _("%(school)s is disconnected from every SIS.") % {"school": school},
        ngettext(
            "%(number)d stored credential was deleted.",
            "%(number)d stored credentials were deleted.",
            ended.credentials,
        )
        % {"number": ended.credentials},
    ]
    if ended.cancelled:
        cancelled = ngettext(
            "%(number)d run was cancelled.", "%(number)d runs were cancelled.", ended.cancelled
        )
        sentences.append(cancelled % {"number": ended.cancelled})
    if ended.applying:
        sentences.append(_("A run had begun to write and ends by itself; it asks the SIS no more."))
    return " ".join(sentences)
