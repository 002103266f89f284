"""Cases from school offices: their files, what a SIS sends, and what has to come out.

Each case is a folder with a `case.json`: the situation (`what`), the right outcome in plain words
(`right`), the steps before, and the outcomes of which any is right.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from rollbook.schools.models import School
from rollbook.students.models import StudentAccount
from tests.cases import web_uploads
from tests.cases.outcomes import all_accounts, faults, fits
from tests.cases.schools import CaseSchool, InBrowser
from tests.cli.conftest import Command

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FOLDER = Path(__file__).parent
# What the product doesn't do yet. A change that makes a case come out right takes it off this list.
NOT_YET = frozenset((FOLDER / "not_yet.txt").read_text().split())


def cases(kind: str) -> list[Any]:
    folders = sorted(file.parent for file in FOLDER.glob(f"{kind}/*/case.json"))
    played = [folder for folder in folders if folder.name.partition("-")[0] not in NOT_YET]
    return [pytest.param(folder, id=folder.name) for folder in played]


def case_of(folder: Path) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((folder / "case.json").read_text())
    return case


@pytest.fixture
def played(inside: Command, school: School, tmp_path: Path) -> Iterator[Any]:
    schools = []

    def begin(folder: Path, in_browser: InBrowser | None = None) -> CaseSchool:
        one = CaseSchool(inside, folder, tmp_path, in_browser)
        schools.append(one)
        for step in case_of(folder).get("before", []):
            one.play(step)
        return one

    yield begin
    for one in schools:
        one.close()


def check(case: dict[str, Any], before: list[dict[str, Any]], school: CaseSchool) -> None:
    outcomes = case["expect"] if isinstance(case["expect"], list) else [case["expect"]]
    wrong = [faults(outcome, before, school) for outcome in outcomes]
    assert [] in wrong, (case["right"], wrong, all_accounts(), school.words)


@pytest.mark.parametrize("folder", cases("uploads"))
def test_an_upload(folder: Path, played: Any) -> None:
    case = case_of(folder)
    school = played(folder)
    before = all_accounts()
    school.upload(case["file"], case.get("options", {}))
    check(case, before, school)


@pytest.mark.parametrize("folder", cases("uploads"))
def test_an_upload_in_the_browser(folder: Path, played: Any, admin: Client, school: School) -> None:
    case = case_of(folder)
    one = played(folder, partial(web_uploads.upload, admin, school))
    before = all_accounts()
    one.upload(case["file"], case.get("options", {}))
    check(case, before, one)


@pytest.mark.parametrize("folder", cases("syncs"))
def test_syncs(folder: Path, played: Any) -> None:
    case = case_of(folder)
    school = played(folder)
    school.connect(case["sis"], case.get("options", {}))
    for records in case["runs"]:
        before = all_accounts()
        school.sync(records)
    check(case, before, school)


@pytest.mark.parametrize("folder", cases("linking"))
def test_linking(folder: Path, played: Any) -> None:
    case = case_of(folder)
    school = played(folder)
    school.connect(case["sis"], case.get("options", {}))
    for records in case["runs"]:
        before = all_accounts()
        school.sync(records)
    check(case, before, school)


@pytest.mark.parametrize("folder", cases("search"))
def test_a_search(folder: Path, played: Any, inside: Command) -> None:
    case = case_of(folder)
    played(folder)
    for search in case["searches"]:
        answer = inside("students", "--search", search["query"], "--json").json
        found = {student["email"] for student in answer["students"]}
        assert set(search["finds"]) <= found, search
        assert not found & set(search.get("not", [])), search


@pytest.mark.parametrize("folder", cases("exports"))
def test_an_export_of_another_system(folder: Path, played: Any) -> None:
    case = case_of(folder)
    expect, options = case["expect"], case.get("options", {})
    school = played(folder)
    school.upload(case["file"], options | {"only_existing": True}, confirm=False)
    columns = {each["name"]: each["field"] for each in school.document["columns"]}
    for name, field in columns.items():
        if name in expect["must"]:
            assert field == expect["must"][name], name
        elif name in expect.get("may", {}):
            allowed = expect["may"][name]
            assert field in [None, *(allowed if isinstance(allowed, list) else [allowed])], name
        elif name not in expect.get("either", {}):
            assert field is None, name
    by_hand = dict(expect["must"])
    for name, allowed in expect.get("may", {}).items():
        first = allowed[0] if isinstance(allowed, list) else allowed
        if first not in by_hand.values():
            by_hand[name] = first
    ignored = {name: "ignore" for name in columns if name not in by_hand}
    school.upload(case["file"], options | {"map": by_hand | ignored})
    if "count" in expect:
        assert StudentAccount.objects.count() == expect["count"], school.words
    for each in expect.get("accounts", []):
        found = [account for account in all_accounts() if fits(account, each["who"])]
        assert len(found) == 1 and fits(found[0], each["has"]), (each, found)
    for each in expect.get("nobody", []):
        assert not any(fits(account, each) for account in all_accounts()), each
