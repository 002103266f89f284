"""What a run changed, in one or two sentences: above its report, in Excel, in mails."""

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from rollbook.sync.models import Mode, Run, RunState, UndoCounts
from rollbook.sync.words.kinds import applied_words
from rollbook.sync.words.states import NOTHING_CHANGED_IN_TEST, UNFINISHED
from rollbook.sync.words.text import number, word


def what_was_changed(run: Run, counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return what a run did to the accounts. `counts` are its rows by kind, then by outcome."""
    if run.mode == Mode.TEST:
        return _(NOTHING_CHANGED_IN_TEST)
    if run.state != RunState.DONE:
        return word(UNFINISHED, run.state)
    applied = {kind: by_outcome.get("", 0) for kind, by_outcome in counts.items()}
    overtaken = sum(by_outcome.get("overtaken", 0) for by_outcome in counts.values())
    left_out = sum(by_outcome.get("left_out", 0) for by_outcome in counts.values())
    sentences = [
        undone_words(run) if run.is_undo else applied_words(applied),
        _overtaken_words(overtaken),
        _left_out_words(left_out),
    ]
    if not sentences[0]:
        sentences[0] = _nothing_words(run, overtaken)
    return " ".join(filter(None, sentences))


def undone_words(run: Run) -> str:
    """Return what an undo restored, and what it left alone; "" for nothing."""
    counts = UndoCounts.load(run.counts)
    accounts, values = counts.undone_accounts, counts.undone_values
    deactivated, stays = counts.undone_deactivated, counts.undone_stays
    sentences = []
    if accounts:
        text = ngettext(
            "%(values)s value of %(number)s student was restored.",
            "%(values)s values of %(number)s students were restored.",
            accounts,
        )
        sentences.append(text % {"values": number(values), "number": number(accounts)})
    if deactivated:
        text = ngettext(
            "%(number)s account that the run had created was deactivated.",
            "%(number)s accounts that the run had created were deactivated.",
            deactivated,
        )
        sentences.append(text % {"number": number(deactivated)})
    if again := counts.undone_again:
        text = ngettext(
            "%(number)s value that goes back was written again by a later change; it is listed.",
            "%(number)s values that go back were written again by later changes; they are listed.",
            again,
        )
        sentences.append(text % {"number": number(again)})
    if stays:
        text = ngettext(
            "%(number)s value stays, because it was changed since; it is listed.",
            "%(number)s values stay, because they were changed since; they are listed.",
            stays,
        )
        sentences.append(text % {"number": number(stays)})
    return " ".join(sentences)


def moved_domain_words(addresses: int, before: str, after: str) -> str:
    """Return one bulk move of e-mail addresses from one domain to another, as a sentence."""
    text = _("%(number)s addresses move from @%(was)s to @%(becomes)s")
    return text % {"number": number(addresses), "was": before, "becomes": after}


def _nothing_words(run: Run, overtaken: int) -> str:
    if overtaken:
        return _("No account was changed.")
    if run.typed_counts.unchanged and not run.typed_counts.error:
        return _("Nothing changed: every account was in step already.")
    return _("No account had to be changed.")


def _overtaken_words(overtaken: int) -> str:
    if not overtaken:
        return ""
    text = ngettext(
        "%(number)s account was left as it is, because it was changed while the run was waiting.",
        "%(number)s accounts were left as they are, because they were changed while the run was "
        "waiting.",
        overtaken,
    )
    return text % {"number": number(overtaken)}


def _left_out_words(left_out: int) -> str:
    if not left_out:
        return ""
    text = ngettext(
        "%(number)s change was left out when the run was approved.",
        "%(number)s changes were left out when the run was approved.",
        left_out,
    )
    return text % {"number": number(left_out)}
