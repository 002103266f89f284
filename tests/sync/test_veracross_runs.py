"""Runs with Veracross from end to end: nothing is lost, and a failed run changes nothing."""

from collections.abc import Callable, Iterator

import pytest

from rollbook.schools.models import School, User
from rollbook.sources.veracross_api import DataApi
from rollbook.standins import veracross
from rollbook.standins.veracross import Fault, VeracrossStandIn
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Integration, Issue, Mode, Run, RunState
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import credentials as vault
from rollbook.sync.setup import integrations
from rollbook.sync.words.sources import uploader_type
from tests.sources.contract_cases import size_for
from tests.sync.test_pipeline import accounts_checksum, complete, held, sync

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("short_waits")]

Connect = Callable[..., Integration]
GRADES = [9, 10, 11, 12]
PAGE = 10


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> Iterator[VeracrossStandIn]:
    """60 current students: an exact multiple of the page size."""
    monkeypatch.setattr(DataApi, "page_size", PAGE)
    with veracross.serve(students=size_for(6 * PAGE), quota=100_000) as running:
        yield running


@pytest.fixture
def connect(school: School, administrator: User, standin: VeracrossStandIn) -> Connect:
    def connected(version: str, **given: str) -> Integration:
        user, secret = (
            (standin.client_id, standin.client_secret)
            if version == "v3"
            else (standin.user_name, standin.password)
        )
        return integrations.save_connection(
            school,
            administrator,
            integrations.ConnectionSettings(
                source="veracross",
                variant=version,
                choices={},
                credentials={"user_name": user, "password": secret, "client": standin.address}
                | given,
                grades=GRADES,
                active=True,
                test_run=False,
                notify_on_errors=True,
            ),
        )

    return connected


@pytest.mark.parametrize("version", ["v3", "v2"])
def test_a_rehearsal_then_the_students_of_the_chosen_grades_then_a_week_later(
    connect: Connect, standin: VeracrossStandIn, version: str
) -> None:
    integration = connect(version)
    rehearsal = sync(integration, Mode.TEST)
    assert (rehearsal.state, uploader_type(rehearsal), held()) == (
        RunState.DONE,
        "Test Veracross Student",
        {},
    )
    run = sync(integration)
    assert (run.state, run.error_what, uploader_type(run)) == (
        RunState.DONE,
        "",
        "Veracross Student",
    )
    assert held() == complete(standin, set(GRADES)) and run.counts["new"] == len(held()) > 10
    assert sync(integration).counts["unchanged"] == len(held())
    standin.week = 2
    assert sync(integration).state == RunState.DONE
    assert complete(standin, set(GRADES)).items() <= held().items()


def test_every_mapped_value_of_v2_and_v3_is_the_same(
    connect: Connect, standin: VeracrossStandIn
) -> None:
    sync(connect("v2"))
    fields = (
        "sis_id",
        "email",
        "middle_name",
        "preferred_name",
        "grade_level",
        "birth_date",
        "gender",
    )
    by_v2 = sorted(StudentAccount.objects.values_list(*fields))
    changed = sync(connect("v3")).counts
    assert (changed.get("new", 0), changed.get("updated", 0)) == (0, 0)
    assert sorted(StudentAccount.objects.values_list(*fields)) == by_v2


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault("rate_limit", times=4, retry_after="0"), RunState.DONE),
        (Fault("rate_limit", page=3, times=4, retry_after="0"), RunState.DONE),
        (Fault("token_revoked", page=4, times=1), RunState.DONE),
        (Fault("token_expired", page=2, times=2), RunState.DONE),
        (Fault("duplicate"), RunState.DONE),
        (Fault("string_ids"), RunState.DONE),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_trouble_that_passes_loses_nobody(
    connect: Connect, standin: VeracrossStandIn, fault: Fault, state: RunState
) -> None:
    standin.faults = [fault]
    run = sync(connect("v3"))
    assert (run.state, run.error_what) == (state, "")
    assert held() == complete(standin, set(GRADES))


@pytest.mark.parametrize(
    ("fault", "code", "remedy"),
    [
        (Fault("missing_scope"), "permission_missing", "students:list"),
        (Fault("rate_limit", page=3, retry_after="0"), "try_later", "next scheduled run"),
        (Fault("token_revoked"), "credentials_refused", "still switched on"),
        (Fault("same_page"), "roster_incomplete", "Run it again"),
        (Fault("no_value_lists"), "unexpected_answer", "Run it again"),
        (Fault("status", status=404), "address_unreachable", "short name of the school"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_a_run_that_fails_says_why_and_changes_nothing(
    connect: Connect, standin: VeracrossStandIn, fault: Fault, code: str, remedy: str
) -> None:
    integration = connect("v3")
    sync(integration)
    before = accounts_checksum()
    standin.week = 3
    standin.faults = [fault]
    run = sync(integration)
    assert (run.state, run.error_code) == (RunState.FAILED, code)
    assert remedy in run.error_remedy
    assert accounts_checksum() == before


def test_an_unknown_grade_code_holds_the_run_and_nobody_is_touched(
    connect: Connect, standin: VeracrossStandIn
) -> None:
    integration = connect("v3")
    sync(integration)
    before = accounts_checksum()
    standin.faults = [Fault("unknown_code", field="grade_level")]
    run = sync(integration)
    assert [alarm["code"] for alarm in run.alarms] == ["grades_renamed"]
    problems = Issue.objects.filter(run=run, code="grade_undecided")
    assert problems.count() == 6 * PAGE and "code 999" in problems[0].value
    assert accounts_checksum() == before


def test_a_decision_about_the_names_of_grades_is_followed(connect: Connect) -> None:
    integration = connect("v2")
    integration.grade_names = [
        {"name": "Grade 9", "students": 1, "level": 9, "chosen": False},
        {"name": "Grade 10", "students": 1, "level": 10, "chosen": True},
    ]
    integration.grades = [10]
    integration.save()
    sync(integration)
    assert set(StudentAccount.objects.values_list("grade_level", flat=True)) == {"Grade 10"}


def test_a_wrong_school_route_fails_with_its_remedy(
    connect: Connect, standin: VeracrossStandIn
) -> None:
    for version in ("v3", "v2"):
        run: Run = sync(connect(version, client=f"{standin.url}/nosuch"))
        assert (run.state, run.error_code) == (RunState.FAILED, "address_unreachable")
        assert "short name" in run.error_remedy and held() == {}


def test_another_route_or_version_clears_the_stored_secret(connect: Connect) -> None:
    integration = connect("v3")
    with pytest.raises(SettingRefused, match="address changed") as refused:
        connect("v3", client="other", password="", user_name="")
    assert refused.value.field == "password"
    with pytest.raises(SettingRefused):
        connect("v2", password="")
    integration.refresh_from_db()
    assert vault.stored(integration)["client"] != "other"
    assert "client" in vault.stored(connect("v3", client="", password="", user_name=""))
