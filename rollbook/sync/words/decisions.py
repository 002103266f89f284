"""What each decision about a held run will do, in sentences with numbers."""

from typing import Final, NamedTuple

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.sync.words.kinds import Counts, planned_parts
from rollbook.sync.words.text import number


class Outlook(NamedTuple):
    """What each decision will do: approve all, approve additions and updates only, discard."""

    approve: str
    additions: str
    discard: str


class Settled(NamedTuple):
    """How many students approving settles: they hold no run again while their reason lasts."""

    missing: int = 0
    errors: int = 0
    other_people: int = 0


NOTHING_SETTLED: Final = Settled()


def outlook_words(
    everything: Counts,
    additions: Counts,
    missing: int,
    settled: Settled = NOTHING_SETTLED,
    *,
    emails_left_out: int = 0,
) -> Outlook:
    """Return the sentences from the number of changes by kind: of all, and of those without risk.

    `missing` students are only listed, whatever is decided. Of so many of the `additions` only the
    e-mail is left out.
    """
    changes = sum(everything.values())
    left_out = changes - sum(additions.values())
    listed = _missing_words(missing)
    overtaken = _("Accounts edited meanwhile are left as they are and listed.") if changes else ""
    return Outlook(
        approve=_joined(
            _planned_words(everything),
            listed,
            overtaken,
            _absence_words(settled.missing),
            _lasting_words(settled),
        ),
        additions=_joined(
            _planned_words(additions),
            listed,
            _left_out_words(left_out, emails_left_out),
            _undecided_words(settled.missing),
            _lasting_words(settled),
        ),
        discard=_discard_words(changes),
    )


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _planned_words(counts: Counts) -> str:
    parts = planned_parts(counts)
    if not parts:
        return _("No account is changed.")
    return _("Applied at once: %(list)s.") % {"list": get_text_list(parts, _("and"))}


def _missing_words(missing: int) -> str:
    if not missing:
        return ""
    text = ngettext(
        "%(number)s missing student is only listed: the account stays as it is.",
        "%(number)s missing students are only listed: their accounts stay as they are.",
        missing,
    )
    return text % {"number": number(missing)}


def _absence_words(missing: int) -> str:
    if not missing:
        return ""
    text = ngettext(
        "%(number)s missing student holds no run again until the student is back.",
        "%(number)s missing students hold no run again until they are back.",
        missing,
    )
    return text % {"number": number(missing)}


def _undecided_words(missing: int) -> str:
    if not missing:
        return ""
    text = ngettext(
        "%(number)s missing student stays undecided and can hold the next run.",
        "%(number)s missing students stay undecided and can hold the next run.",
        missing,
    )
    return text % {"number": number(missing)}


def _lasting_words(settled: Settled) -> str:
    """Return what is settled about records that can't be used: it lasts until they are right."""
    number_of_records = settled.errors + settled.other_people
    if not number_of_records:
        return ""
    text = ngettext(
        "%(number)s record that can't be used holds no run again until it is right.",
        "%(number)s records that can't be used hold no run again until they are right.",
        number_of_records,
    )
    return text % {"number": number(number_of_records)}


def _left_out_words(left_out: int, emails: int) -> str:
    """Return how many rows are left out, and of how many others the e-mail."""
    if emails:
        text = ngettext(
            "Of %(number)s account only the new sign-in e-mail is left out.",
            "Of %(number)s accounts only the new sign-in e-mail is left out.",
            emails,
        )
        whole = _left_out_words(left_out, 0) if left_out else ""
        return _joined(text % {"number": number(emails)}, whole)
    if not left_out:
        return _(
            "Nothing is left out: no account would be closed or get a new sign-in e-mail or SIS ID."
        )
    text = ngettext(
        "%(number)s account is left out that would be closed or get a new sign-in e-mail or "
        "SIS ID. The next run plans it again.",
        "%(number)s accounts are left out that would be closed or get a new sign-in e-mail or "
        "SIS ID. The next run plans them again.",
        left_out,
    )
    return text % {"number": number(left_out)}


def _discard_words(changes: int) -> str:
    if not changes:
        return _("No account is changed. The report stays here, and the next run plans anew.")
    text = ngettext(
        "The %(number)s planned change is not made. The report stays here, and the next run plans "
        "anew.",
        "None of the %(number)s planned changes is made. The report stays here, and the next run "
        "plans anew.",
        changes,
    )
    return text % {"number": number(changes)}
