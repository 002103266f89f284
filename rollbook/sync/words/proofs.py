"""What a run keeps of the proof that its roster was read whole, and that proof as a sentence: on its page, in Excel, in JSON."""

from datetime import datetime
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext, gettext_noop, ngettext

from rollbook.roster.records import Completeness, Proof
from rollbook.schools.clock import day_text
from rollbook.sync.models import Mode, Run, RunState

LABELS: Final = {
    Completeness.COMPLETE: gettext_noop("Complete"),
    Completeness.SHORT: gettext_noop("Short"),
    Completeness.UNSTATED: gettext_noop("Not stated"),
}


def kept(run: Run, proof: Proof | None) -> dict[str, Any]:
    """The proof as a run stores it: its numbers, and `last_good`, the last live run before that read a complete roster."""
    if proof is None:
        return dict(run.proof)
    before = Run.objects.filter(
        school_id=run.school_id,
        integration=run.integration_id,
        integration__isnull=False,
        mode=Mode.LIVE,
        state=RunState.DONE,
        undoes__isnull=True,
        proof__completeness=Completeness.COMPLETE,
    )
    last = before.exclude(pk=run.pk).order_by("-requested_at").first()
    last_good = (
        None
        if last is None
        else {
            "run": str(last.pk),
            "students": last.proof["students"],
            "at": last.requested_at.isoformat(),
        }
    )
    return {**proof._asdict(), "last_good": last_good}


def proof_words(run: Run, sis: str) -> str:
    """Whether the roster was read whole, and what shows it; empty where no reading came to an end."""
    if not run.proof:
        return ""
    proof = Proof(**{name: value for name, value in run.proof.items() if name in Proof._fields})
    if proof.completeness == Completeness.UNSTATED:
        return gettext(
            "Not stated: a file says nothing of students who aren't in it, so nobody is taken to have left."
        )
    said = [f"{gettext(LABELS[Completeness(proof.completeness)])}: {_what_shows_it(proof, sis)}"]
    if proof.repeats:
        text = ngettext(
            "%(number)s record was of a student who had come before.",
            "%(number)s records were of students who had come before.",
            proof.repeats,
        )
        said.append(text % {"number": _number(proof.repeats)})
    if proof.completeness == Completeness.SHORT:
        said.append(gettext("So nothing was concluded from it, and nobody is taken to have left."))
    return " ".join([*said, _last_good(run)])


def _what_shows_it(proof: Proof, sis: str) -> str:
    pages = ngettext("%(number)s page", "%(number)s pages", proof.pages) % {
        "number": _number(proof.pages)
    }
    told = {
        "sis": sis,
        "students": _number(proof.students),
        "pages": pages,
        "stated": _number(proof.stated or 0),
    }
    if proof.stated is not None and proof.readings > 1:
        return (
            gettext(
                "%(sis)s said %(stated)s students and gave %(students)s on %(pages)s. The roster was read twice, because the number "
                "changed meanwhile."
            )
            % told
        )
    if proof.stated is not None:
        return (
            gettext("%(sis)s said %(stated)s students and gave %(students)s on %(pages)s.") % told
        )
    if proof.completeness == Completeness.SHORT:
        return (
            gettext(
                "%(sis)s says no total, and its pages did not agree; %(students)s students came on %(pages)s."
            )
            % told
        )
    if proof.readings > 1:
        return (
            gettext(
                "%(sis)s says no total; %(students)s students came on %(pages)s, and nobody else when they were read again."
            )
            % told
        )
    return (
        gettext(
            "%(sis)s says no total; %(students)s students came on %(pages)s, and nothing after it."
        )
        % told
    )


def _last_good(run: Run) -> str:
    last = run.proof.get("last_good")
    if not last:
        return gettext("There was no complete live run before.")
    text = gettext("The last complete live run before, on %(day)s, brought %(students)s.")
    return text % {
        "day": day_text(datetime.fromisoformat(last["at"]), run.school),
        "students": _number(last["students"]),
    }


def _number(value: int) -> str:
    return number_format(value, force_grouping=True)
