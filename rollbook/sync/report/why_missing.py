"""Why is a student not in? Answered from the accounts, the open problems, the last plan, and whom it left out for their grade."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from rollbook.roster.planning import ChangeKind
from rollbook.schools.models import School
from rollbook.students.models import AccountStatus, Protection, StudentAccount
from rollbook.students.searching import LONGEST_SEARCH, having_words
from rollbook.sync.models import Change, Mode, OutsideList, Run, RunState
from rollbook.sync.report import change_rows, work_list
from rollbook.sync.setup import link_decisions
from rollbook.sync.store.outside import DIGEST_BYTES, digests
from rollbook.sync.words.sources import sis_label, source_label

MOST: Final = 10  # answers of each kind; whoever gets as many should ask more precisely


class Answer(NamedTuple):
    """One finding: about whom, what is so, and what to do. `code` is stable; `run` and `account` are ids where there is more to see."""

    code: str
    about: str
    what: str
    remedy: str
    account: Any = None
    run: Any = None


def why(school: School, asked: str) -> list[Answer]:
    """Everything that is known about whom this name, e-mail or SIS ID means, the likeliest first; never empty."""
    asked = asked.replace("\0", " ").strip()[:LONGEST_SEARCH]
    found = [
        *_accounts(school, asked),
        *_problems(school, asked),
        *_planned(school, asked),
        *_outside(school, asked),
    ]
    return found or [_unknown(school)]


def _accounts(school: School, asked: str) -> Iterator[Answer]:
    accounts = list(
        having_words(StudentAccount.objects.filter(school=school), asked).order_by(
            "last_name", "first_name"
        )[:MOST]
    )
    ids = [account.pk for account in accounts]
    proposed = set(
        link_decisions.undecided(school)
        .filter(account__in=ids)
        .values_list("account_id", flat=True)
    )
    outside = _latest_changes(school).filter(kind=ChangeKind.OUTSIDE_SELECTION, account_id__in=ids)
    left_alone = set(outside.values_list("account_id", flat=True))
    for account in accounts:
        yield _of_account(account, account.pk in proposed, account.pk in left_alone)


def _of_account(account: StudentAccount, proposed: bool, outside: bool) -> Answer:
    told = {
        "name": account.name,
        "sis": source_label(account.source),
        "sis_id": account.sis_id,
        "status": account.get_status_display(),
    }
    if account.status != AccountStatus.ACTIVE:
        what = _("%(name)s has an account, but it is not active: %(status)s.") % told
        return Answer(
            "not_active",
            account.name,
            what,
            _("Reactivate it on the student's page, if that is right."),
            account.pk,
        )
    if proposed:
        what = (
            _(
                "%(name)s has an account that is not linked, and a student of the SIS could be the same person."
            )
            % told
        )
        return Answer(
            "link_undecided",
            account.name,
            what,
            _("Decide about it in Link existing accounts."),
            account.pk,
        )
    if not account.source or account.sis_id is None:
        what = _("%(name)s has an account that is not linked to a SIS.") % told
        return Answer(
            "not_linked",
            account.name,
            what,
            _("Nothing has to be done; no run changes it."),
            account.pk,
        )
    if outside:
        what = _(
            "%(name)s has an account, but %(sis)s now has the student in a grade that is not selected; the account is left alone."
        )
        return Answer(
            "outside_selection",
            account.name,
            what % told,
            _("Select the grade in Step 1.1, if it is to be synced."),
            account.pk,
        )
    if Protection.objects.filter(
        Q(until__isnull=True) | Q(until__gt=timezone.now()),
        school_id=account.school_id,
        account=account,
    ).exists():
        what = (
            _("%(name)s is in, but the account is protected from sync, so no run changes it.")
            % told
        )
        return Answer(
            "protected",
            account.name,
            what,
            _("End the protection, if runs are to keep it in step again."),
            account.pk,
        )
    what = (
        _("%(name)s is in: the account is active and linked to %(sis)s by the SIS ID %(sis_id)s.")
        % told
    )
    return Answer("is_in", account.name, what, _("Nothing has to be done."), account.pk)


def _problems(school: School, asked: str) -> Iterator[Answer]:
    found = work_list.filtered_problems(school, work_list.ProblemQuery(search=asked))
    for line in work_list.listed_problems(found[:MOST]):
        about = line.row.name or line.row.sis_id
        yield Answer(
            "problem",
            about,
            line.row.cause,
            line.row.remedy,
            line.account_id,
            line.problem.last_run_id,
        )


def _latest_changes(school: School) -> Any:
    """The rows of the last plan of each source."""
    planned = Run.objects.filter(school=school, integration__isnull=False).exclude(counts={})
    latest = planned.order_by("integration", "-requested_at").distinct("integration").values("pk")
    return Change.objects.filter(school=school, run__in=list(latest.values_list("pk", flat=True)))


def _planned(school: School, asked: str) -> Iterator[Answer]:
    """Students whom the last plan would make, and who are not in yet because it was not applied."""
    if not asked:
        return
    kinds = (ChangeKind.NEW, ChangeKind.NEVER_IMPORTED)
    changes = _latest_changes(school).filter(kind__in=kinds).select_related("run")
    for change in having_words(changes, asked, change_rows.CHANGE_TEXT).order_by("pk")[:MOST]:
        run, name = change.run, f"{change.first_name} {change.last_name}"
        told = {"name": name, "sis": sis_label(run)}
        if change.kind == ChangeKind.NEVER_IMPORTED:
            what = (
                _("%(sis)s has %(name)s, but the student is on the list of those never to import.")
                % told
            )
            yield Answer(
                "never_imported",
                name,
                what,
                _("Take the entry off that list, if the student is to come in."),
                None,
                run.pk,
            )
        elif run.mode == Mode.TEST:
            what = (
                _(
                    "%(sis)s has %(name)s, and a live run would make the account; the last run was a test run, which makes none."
                )
                % told
            )
            yield Answer(
                "test_run",
                name,
                what,
                _("Switch Test Run off in Step 1.1 and trigger it."),
                None,
                run.pk,
            )
        elif run.state == RunState.ON_HOLD:
            what = _("%(sis)s has %(name)s, and the account is planned; the run is on hold.") % told
            yield Answer(
                "on_hold",
                name,
                what,
                _("Look at the run, and approve or discard it."),
                None,
                run.pk,
            )
        elif run.state != RunState.DONE or change.outcome:
            what = (
                _("%(sis)s has %(name)s, and the account was planned, but the run did not make it.")
                % told
            )
            yield Answer(
                "not_applied",
                name,
                what,
                _("Open the run to see why, then trigger it again."),
                None,
                run.pk,
            )


def _outside(school: School, asked: str) -> Iterator[Answer]:
    if not asked:
        return
    wanted = digests(school.pk, [asked])
    for kept in OutsideList.objects.filter(school=school):
        held = bytes(kept.digests)
        if any(held[at : at + DIGEST_BYTES] == wanted for at in range(0, len(held), DIGEST_BYTES)):
            what = _(
                "%(sis)s has the SIS ID %(sis_id)s, but in a grade that is not selected, so no account was made."
            )
            told = {"sis": source_label(kept.source), "sis_id": asked}
            yield Answer(
                "grade_not_selected",
                asked,
                what % told,
                _("Select the grade in Step 1.1 Configure your SIS."),
                None,
                kept.run_id,
            )


def _unknown(school: School) -> Answer:
    if not Run.objects.filter(
        school=school, integration__isnull=False, state=RunState.DONE
    ).exists():
        return Answer(
            "no_run",
            "",
            _("No run of a SIS has finished yet, so nothing is known about this student."),
            _("Trigger a test run."),
        )
    what = _("Nobody like that is among the accounts, the open problems or the last plan.")
    remedy = _(
        "Search for the SIS ID: then we can also tell whether the student is in a grade that is not selected; names of those are not kept. "
        "If that finds nothing either, the SIS does not send this student: ask the registrar."
    )
    return Answer("unknown", "", what, remedy)
