"""What a run stores of the proof that its roster was read whole."""

from typing import Any

from rollbook.roster.records import Completeness, Proof
from rollbook.sync.models import Mode, Run, RunState


def stored_proof(run: Run, proof: Proof | None) -> dict[str, Any]:
    """Return the numbers of the proof with `last_good`, the last complete live run before this one.

    Without a new proof, what the run has stored already.
    """
    if proof is None:
        return dict(run.proof)
    complete = Run.objects.filter(
        school_id=run.school_id,
        integration=run.integration_id,
        integration__isnull=False,
        mode=Mode.LIVE,
        state=RunState.DONE,
        undoes__isnull=True,
        proof__completeness=Completeness.COMPLETE,
    )
    last = complete.exclude(pk=run.pk).order_by("-requested_at").first()
    if last is None:
        return {**proof._asdict(), "last_good": None}
    last_good = {
        "run": str(last.pk),
        "students": last.proof["students"],
        "at": last.requested_at.isoformat(),
    }
    return {**proof._asdict(), "last_good": last_good}
