"""Whether a roster was read whole, and what shows it: on the run's page, in Excel, in JSON."""

from datetime import datetime
from typing import Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from rollbook.roster.records import Completeness, Proof
from rollbook.schools.clock import day_text
from rollbook.sync.models import Run
from rollbook.sync.words.sources import sis_label
from rollbook.sync.words.text import number, word

COMPLETENESS_LABELS: Final[dict[str, str]] = {
    Completeness.COMPLETE: _("Complete"),
    Completeness.SHORT: _("Short"),
    Completeness.UNSTATED: _("Not stated"),
}


def proof_words(run: Run) -> str:
    """Return whether the roster was read whole and what shows it; "" where no reading ended."""
    if not run.proof:
        return ""
    proof = Proof(**{name: value for name, value in run.proof.items() if name in Proof._fields})
    if proof.completeness == Completeness.UNSTATED:
        return gettext(
            "Not stated: a file does not say who left, so no account is closed because of it."
        )
    label = word(COMPLETENESS_LABELS, proof.completeness)
    sentences = [f"{label}: {_evidence(proof, sis_label(run))}"]
    if proof.repeats:
        text = ngettext(
            "%(number)s record was of a student who had come before.",
            "%(number)s records were of students who had come before.",
            proof.repeats,
        )
        sentences.append(text % {"number": number(proof.repeats)})
    if proof.asked:
        sentences.append(_asked_words(proof, sis_label(run)))
    if proof.agreed:
        text = gettext(
            "Two readings in a row had the same students, so whoever is missing from both has left."
        )
        sentences.append(text)
    if proof.by_key:
        text = gettext(
            "They were read in the order of their IDs, so nobody can be between two pages."
        )
        sentences.append(text)
    if proof.completeness == Completeness.SHORT:
        sentences.append(gettext("So nobody is taken to have left."))
    return " ".join([*sentences, _last_complete_run(run)])


def _evidence(proof: Proof, sis: str) -> str:
    pages = ngettext("%(number)s page", "%(number)s pages", proof.pages)
    values = {
        "sis": sis,
        "students": number(proof.students),
        "pages": pages % {"number": number(proof.pages)},
        "stated": number(proof.stated or 0),
        "readings": number(proof.readings),
    }
    return gettext(_evidence_text(proof)) % values


def _evidence_text(proof: Proof) -> str:
    if proof.stated is not None and proof.readings > 1:
        return _(
            "%(sis)s announced %(stated)s students and sent %(students)s on %(pages)s. The roster "
            "was read %(readings)s times."
        )
    if proof.stated is not None:
        return _("%(sis)s announced %(stated)s students and sent %(students)s on %(pages)s.")
    if proof.completeness == Completeness.SHORT:
        return _(
            "%(sis)s states no total, and its pages did not agree; %(students)s students came on "
            "%(pages)s."
        )
    if proof.readings > 1:
        return _(
            "%(sis)s states no total; %(students)s students came on %(pages)s, and nobody else "
            "when the pages were read again."
        )
    return _("%(sis)s states no total; %(students)s students came on %(pages)s, then nothing more.")


def _asked_words(proof: Proof, sis: str) -> str:
    """Return what the SIS answered about the missing students, who were asked for one by one."""
    asked = ngettext(
        "%(number)s missing student was asked for",
        "%(number)s missing students were asked for one by one",
        proof.asked,
    )
    answers = []
    if proof.left:
        answers.append(
            _counted(
                ngettext("%(number)s has left", "%(number)s have left", proof.left), proof.left
            )
        )
    if proof.there:
        answers.append(
            _counted(
                ngettext("%(number)s is there", "%(number)s are there", proof.there), proof.there
            )
        )
    parts = []
    if answers:
        parts.append(
            gettext("%(sis)s says %(answers)s") % {"sis": sis, "answers": ", ".join(answers)}
        )
    unclear = proof.asked - proof.left - proof.there
    if unclear:
        parts.append(_counted(gettext("there was no clear answer about %(number)s"), unclear))
    text = gettext("%(asked)s: %(answers)s.")
    return text % {"asked": _counted(asked, proof.asked), "answers": "; ".join(parts)}


def _counted(text: str, count: int) -> str:
    return text % {"number": number(count)}


def _last_complete_run(run: Run) -> str:
    last = run.proof.get("last_good")
    if not last:
        return gettext("There was no complete live run before.")
    text = gettext("The last complete live run before, on %(day)s, read %(students)s.")
    return text % {
        "day": day_text(datetime.fromisoformat(last["at"]), run.school),
        "students": number(last["students"]),
    }
