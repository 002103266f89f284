"""Finds what an argument names: a school, user, integration, run or student."""

from uuid import UUID

from rollbook import scope
from rollbook.cli.exit_codes import Exit
from rollbook.cli.output import Refusal, not_found
from rollbook.roster.values.parsing import email_key
from rollbook.schools.models import School, User
from rollbook.students.models import StudentAccount
from rollbook.sync.models import UNDO_PREVIEW, Integration, Run


def find_school(name: str | None) -> School:
    """Return the school with this name or id; without a name, the only school.

    From here on the command sees the rows of this school alone.
    """
    school = _school_named(name)
    scope.narrow(school.pk)
    return school


def _school_named(name: str | None) -> School:
    schools = list(School.objects.order_by("name")[:21])
    if not schools:
        not_found(
            "no_school",
            "There is no school yet.",
            'Add one: rollbook school add "Lincoln High School" --timezone America/New_York',
        )
    if name is None and len(schools) > 1:
        names = ", ".join(school.name for school in schools[:20])
        raise Refusal(
            Exit.USAGE,
            "school_unnamed",
            f"There is more than one school: {names}.",
            "Choose one with --school.",
        )
    if name is None:
        return schools[0]
    key = _uuid(name)
    named = (
        School.objects.filter(pk=key) if key else School.objects.filter(name__iexact=name.strip())
    )
    return named.first() or not_found(
        "school_not_found",
        f"There is no school {name!r}.",
        "`rollbook school list` shows all of them.",
    )


def find_user(email: str) -> User:
    """Return the user with this e-mail."""
    user = User.objects.filter(email=email.strip().lower()).first()
    return user or not_found(
        "user_not_found", f"There is no user {email!r}.", "`rollbook user list` shows all of them."
    )


def find_integration(school: School, source: str | None) -> Integration:
    """Return the school's integration with this source; without a source, its only one."""
    integrations = Integration.objects.filter(school=school).select_related("school")
    if source is not None:
        integrations = integrations.filter(source=source)
    candidates = list(integrations.order_by("source"))
    if len(candidates) > 1:
        names = ", ".join(integration.source for integration in candidates)
        raise Refusal(
            Exit.USAGE,
            "source_unnamed",
            f"{school} has more than one integration: {names}.",
            "Choose one with --source.",
        )
    if not candidates:
        with_source = f" with {source}" if source else ""
        not_found(
            "integration_not_found",
            f"{school} has no integration{with_source}.",
            "Connect one: rollbook integration set powerschool --help",
        )
    return candidates[0]


def find_run(name: str, school_name: str | None) -> Run:
    """Return the run with this id, or the last run of the school for the name `last`.

    The preview of an undo is not the last run, so that after `undo last --preview` the name still
    means the run that it previews.
    """
    runs = Run.objects.select_related("school", "integration", "requested_by")
    if name == "last":
        of_school = runs.filter(school=find_school(school_name)).exclude(UNDO_PREVIEW)
        last = of_school.order_by("-requested_at").first()
        return last or not_found("no_run", "There is no run yet.", "Start one: rollbook run")
    key = _uuid(name)
    if key and school_name is not None:
        runs = runs.filter(school=find_school(school_name))
    run = runs.filter(pk=key).first() if key else None
    if run is None:
        not_found(
            "run_not_found",
            f"There is no run {name!r}.",
            "`rollbook runs` lists them; `last` is the newest one.",
        )
    scope.narrow(run.school_id)
    return run


def find_student(school_name: str | None, name: str) -> StudentAccount:
    """Return the student with this account id, e-mail or SIS ID."""
    accounts = StudentAccount.objects.select_related("school").filter(
        school=find_school(school_name)
    )
    key = _uuid(name)
    if key:
        candidates = list(accounts.filter(pk=key))
    else:
        candidates = list(accounts.filter(email_key=email_key(name.strip())))
        candidates = candidates or list(accounts.filter(sis_id=name.strip())[:2])
        further = accounts.filter(further_links__sis_id=name.strip())
        candidates = candidates or list(further.distinct()[:2])
    if len(candidates) != 1:
        not_found(
            "student_not_found",
            f"There is no student {name!r}. Nothing was changed.",
            "Give an account id, SIS ID or e-mail. `rollbook students` lists them.",
        )
    return candidates[0]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
