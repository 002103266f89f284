"""What a mail to staff says about a run: what happened, what was not touched, what to do next."""

from typing import Final, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from rollbook.roster.planning.changes import ChangeKind
from rollbook.roster.records import Severity
from rollbook.sync.models import Mode, Notice, NoticeEvent, Run
from rollbook.sync.words.alarms import alarm_words
from rollbook.sync.words.kinds import COUNT_LABELS
from rollbook.sync.words.sources import sis_label, uploader_type
from rollbook.sync.words.states import NOTHING_CHANGED_IN_TEST
from rollbook.sync.words.text import word

HEADLINES: Final[dict[str, str]] = {
    NoticeEvent.DID_NOT_RUN: gettext_noop("%(run)s did not start"),
    NoticeEvent.FAILED: gettext_noop("%(run)s failed"),
    NoticeEvent.CREDENTIALS_REFUSED: gettext_noop("%(run)s failed"),
    NoticeEvent.ON_HOLD: gettext_noop("%(run)s is on hold"),
    NoticeEvent.PROBLEMS: gettext_noop("%(run)s finished with problems"),
    NoticeEvent.CHANGES: gettext_noop("%(run)s finished with changes"),
}
# The counts that a mail shows where they are not zero.
COUNTED: Final = (
    ChangeKind.NEW,
    ChangeKind.LINKED,
    ChangeKind.UPDATED,
    ChangeKind.RETURNING,
    ChangeKind.UNCHANGED,
    ChangeKind.LEFT,
    ChangeKind.GRADUATED,
    ChangeKind.EMAIL_FREED,
    ChangeKind.NOT_IN_ROSTER,
    Severity.ERROR,
    Severity.WARNING,
)


class NoticeWords(NamedTuple):
    """A notice in words. `counts` are (label, number)."""

    headline: str
    sentences: list[str]
    counts: list[tuple[str, int]]


def notice_words(notice: Notice) -> NoticeWords:
    """Return what the mail of a notice says."""
    run = notice.run
    name = uploader_type(run) if run else notice.integration.source_type.uploader_type
    headline = word(HEADLINES, notice.event) % {"run": name}
    if run is None:
        return NoticeWords(headline, [notice.reason, _("No account was changed.")], [])
    return NoticeWords(headline, _sentences(run, notice.event), _counts(run))


def _sentences(run: Run, event: str) -> list[str]:
    if event in {NoticeEvent.FAILED, NoticeEvent.CREDENTIALS_REFUSED}:
        return [run.error_what, _("No account was changed."), run.error_remedy]
    if event == NoticeEvent.ON_HOLD:
        return [
            *alarm_words(run.alarms, sis_label(run)),
            _("The plan looks unusual, so nothing was applied."),
            _("Look at the reasons, then approve or discard it."),
            _("Until then, no scheduled run starts."),
        ]
    sentences = [_(NOTHING_CHANGED_IN_TEST)] if run.mode == Mode.TEST else []
    if event == NoticeEvent.PROBLEMS:
        sentences.append(
            _("Some records must be corrected in the SIS. The report says which ones and where.")
        )
    return sentences


def _counts(run: Run) -> list[tuple[str, int]]:
    counts = run.typed_counts
    return [(word(COUNT_LABELS, key), counts.number(key)) for key in COUNTED if counts.number(key)]
