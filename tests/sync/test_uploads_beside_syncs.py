"""What the model of weeks found: an upload and a sync about the same students, decisions between.

Each of these went wrong in silence once.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from rollbook.students import merging, never_import_list, protection, unmerging
from rollbook.students.models import StudentAccount
from rollbook.sync import pipeline
from rollbook.sync.models import Change, Issue, LinkProposal, Run, RunState
from rollbook.sync.runs import decisions
from rollbook.sync.setup import link_decisions
from rollbook.sync.uploads import drafts, previews
from tests.sources.loopback import SmallSchool
from tests.sync.identity_world import World

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

GOOD = {"sis_id": "", "graduation_year": "2028", "birth_date": ""}


def row(first_name: str, email: str, **values: str) -> dict[str, str]:
    return GOOD | {"first_name": first_name, "last_name": "Lee", "email": email, **values}


@pytest.fixture
def world() -> Iterator[World]:
    with SmallSchool(0) as small:
        yield World(small)


def previewed(world: World, *rows: dict[str, str]) -> tuple[Any, Run]:
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    content = target.getvalue().encode()
    draft = drafts.start(world.school, None, "a.csv", content, date_order="year-month-day")
    run = previews.preview(draft, None)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.PREVIEW
    return draft, run


def confirm(draft: Any, run: Run) -> None:
    assert previews.confirm(draft, None, accept_alarms=True)
    pipeline.run_sync(run.pk)
    run.refresh_from_db()
    assert run.state == RunState.DONE


def upload(world: World, *rows: dict[str, str]) -> Run:
    draft, run = previewed(world, *rows)
    confirm(draft, run)
    return run


def sync(world: World, *rows: dict[str, str]) -> Run:
    """Let PowerSchool send these students, and approve what is on hold."""
    world.sync([{"number": "", **each} for each in rows], approve=True)
    return Run.objects.filter(school=world.school).latest("requested_at")


def account(email: str) -> StudentAccount:
    return StudentAccount.objects.get(email_key=email)


def codes(run: Run) -> list[tuple[int | None, str]]:
    issues = Issue.objects.filter(run=run, severity="error").order_by("row_number", "code")
    return list(issues.values_list("row_number", "code"))


@pytest.mark.parametrize("keeps", ["protected", "locked", "somebody else"])
def test_an_email_that_its_account_keeps_is_not_free_for_another_row(
    world: World, keeps: str
) -> None:
    ben = row("Ben", "b@x.example", sis_id="2", birth_date="2011-03-04")
    upload(world, row("Ana", "a@x.example", sis_id="1", birth_date="2010-01-02"), ben)
    moves = {"sis_id": "1", "birth_date": "2010-01-02"}
    if keeps == "protected":
        protection.protect(account("a@x.example"), None)
    elif keeps == "locked":
        protection.lock(account("a@x.example"), None, ["email"])
    else:
        moves |= {"birth_date": "2009-09-09", "last_name": "Marsh"}
    _draft, run = previewed(
        world, row("Ana", "new@x.example", **moves), ben | {"email": "a@x.example"}
    )
    assert (3, "email_taken") in codes(run)
    assert not Change.objects.filter(run=run, kind="updated").exists()


def test_a_swap_of_emails_fails_whole_where_one_row_fails(world: World) -> None:
    upload(world, row("Ana", "a@x.example", sis_id="1"), row("Ben", "b@x.example", sis_id="2"))
    protection.protect(account("a@x.example"), None)
    _draft, run = previewed(
        world, row("Ana", "b@x.example", sis_id="1"), row("Ben", "a@x.example", sis_id="2")
    )
    assert codes(run) == [(3, "email_taken")]


def test_a_new_row_like_a_student_whom_the_file_renames_is_a_question(world: World) -> None:
    upload(world, row("Ana", "a@x.example", sis_id="1", birth_date="2010-01-02"))
    renamed = row("Bea", "a@x.example", sis_id="1", birth_date="2010-01-02")
    _draft, run = previewed(world, renamed, row("Bea", "second@x.example", birth_date="2010-01-02"))
    assert codes(run) == [(3, "row_like_account")]
    assert Issue.objects.get(run=run).other == "Bea Lee (SIS ID 1)"


def test_a_sis_id_that_is_the_number_of_another_student_makes_no_account(world: World) -> None:
    upload(world, {**row("Ana", "a@x.example", sis_id="1"), "student_number": "77"})
    _draft, run = previewed(world, row("Ben", "b@x.example", sis_id="77"))
    assert codes(run) == [(2, "ids_ambiguous")]


@pytest.mark.parametrize("entry", [{"sis_id": "2"}, {"email": "b@x.example"}])
def test_a_student_who_is_never_imported_since_the_preview_gets_no_account(
    world: World, entry: dict[str, str]
) -> None:
    rows = row("Ana", "a@x.example", sis_id="1"), row("Ben", "b@x.example", sis_id="2")
    draft, run = previewed(world, *rows)
    never_import_list.add(world.school, None, **entry)
    confirm(draft, run)
    assert [one.first_name for one in StudentAccount.objects.all()] == ["Ana"]
    assert Change.objects.get(run=run, sis_id="2").outcome == "left_out"


@pytest.mark.django_db(transaction=True)
def test_a_student_who_got_an_account_since_the_preview_gets_no_second_one(world: World) -> None:
    draft, run = previewed(world, row("Ana", "typed@x.example", birth_date="2010-01-02"))
    sync(world, row("Ana", "a@x.example", sis_id="4", birth_date="2010-01-02"))
    confirm(draft, run)
    assert [one.sis_id for one in StudentAccount.objects.all()] == ["4"]
    assert Change.objects.get(run=run).outcome == "overtaken"


def test_a_merged_account_is_not_proposed(world: World) -> None:
    born = {"birth_date": "2010-01-02"}
    upload(world, row("Ana", "kept@x.example"), row("Ana Bea", "old@x.example", **born))
    merging.merge(account("kept@x.example"), account("old@x.example"), None)
    StudentAccount.objects.filter(email_key="kept@x.example").update(birth_date=None)
    sync(world, row("Ana Bea", "other@x.example", sis_id="7", **born))
    assert not LinkProposal.objects.exists()


def test_a_sync_makes_no_account_with_the_email_of_a_merged_one(world: World) -> None:
    upload(world, row("Ana", "kept@x.example"), row("Bea", "old@x.example"))
    other = account("old@x.example")
    merging.merge(account("kept@x.example"), other, None)
    run = sync(world, row("Ana", "OLD@x.example", sis_id="7"))
    assert codes(run) == [(None, "email_of_merged")]
    other.refresh_from_db()
    unmerging.take_back(other, None)
    assert account("old@x.example").status == "active"


def test_a_link_that_a_person_confirmed_opens_the_account_in_the_same_run(world: World) -> None:
    born = {"birth_date": "2010-01-02"}
    ben = row("Ben", "b@x.example", sis_id="2")
    sync(world, ben, row("Ana", "a@x.example", sis_id="1", **born))
    sync(world, ben)
    assert account("a@x.example").status == "left"
    roster = ben, row("Ana", "a@x.example", sis_id="9", **born)
    sync(world, *roster)
    link_decisions.confirm(link_decisions.undecided(world.school).get(), None)
    sync(world, *roster)
    assert (account("a@x.example").sis_id, account("a@x.example").status) == ("9", "active")


def test_additions_and_updates_only_leave_out_a_confirmed_new_sis_id(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [row(f"Ana{at}", f"s{at}@x.example", sis_id=str(at)) for at in range(1, 9)]
    sync(world, *people)
    roster = [people[0] | {"sis_id": "99"}, *people[1:]]
    sync(world, *roster)
    link_decisions.confirm(link_decisions.undecided(world.school).get(), None)
    monkeypatch.setattr(World, "_decide", lambda *_: None)
    moved = [each | {"email": f"moved{each['email']}"} for each in people[1:]]
    run = sync(world, roster[0], *moved)
    assert run.state == RunState.ON_HOLD
    assert decisions.approve(run, None, additions_only=True)
    assert Change.objects.get(run=run, kind="linked").outcome == "left_out"


@pytest.mark.parametrize("uploaded", [{"sis_id": "9"}, {"email": "ana@x.example"}])
def test_a_student_under_a_new_sis_id_is_not_closed_while_another_account_is_a_question(
    world: World, uploaded: dict[str, str]
) -> None:
    born = {"birth_date": "2010-01-02"}
    ben = row("Ben", "b@x.example", sis_id="2")
    sync(world, ben, row("Ana", "a@x.example", sis_id="1", **born))
    upload(world, row("Cid", "c@x.example", birth_date="2011-03-04") | uploaded)
    run = sync(world, ben, row("Ana", "ana@x.example", sis_id="9", **born))
    assert account("a@x.example").status == "active"
    proposed = LinkProposal.objects.filter(run=run, sis_id="9")
    assert {one.account.first_name for one in proposed} == {"Ana", "Cid"}
    assert not StudentAccount.objects.filter(sis_id="9", source="powerschool").exists()
