"""The connection test: its steps, the slip behind each failure, and what it proves."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from rollbook.schools.models import School
from rollbook.sources.discovery import StepState
from rollbook.standins import powerschool, veracross
from rollbook.standins.faults import Fault
from rollbook.standins.standin import StandIn
from rollbook.standins.veracross import VeracrossStandIn
from rollbook.sync.models import CheckState, ConnectionTest, Integration
from rollbook.sync.refusals import SettingRefused
from rollbook.sync.setup import connection_tests, proofs
from rollbook.sync.setup.connection_tests import Target
from rollbook.sync.words.connection_tests import StepWords, steps_in_words
from tests.connecting import connected

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shared() -> Iterator[StandIn]:
    with powerschool.serve(students=40, seed=7) as running:
        yield running


@pytest.fixture
def sis(shared: StandIn) -> StandIn:
    shared.faults = []
    return shared


@pytest.fixture(scope="module")
def shared_veracross() -> Iterator[VeracrossStandIn]:
    with veracross.serve(students=40, seed=7) as running:
        yield running


def powerschool_at(sis: StandIn, **changed: str) -> Target:
    credentials = {
        "client_id": sis.client_id,
        "client_secret": sis.client_secret,
        "client_url": sis.url,
    }
    return Target("powerschool", "", credentials | changed, {})


def checked(school: School, target: Target) -> ConnectionTest:
    test, is_new = connection_tests.begin(school, None, target)
    assert is_new
    connection_tests.work_on(test, target)
    test.refresh_from_db()
    return test


def words_of(test: ConnectionTest, target: Target) -> list[StepWords]:
    source = target.source_type
    return steps_in_words(
        connection_tests.steps_of(test),
        source,
        source.variant(target.variant),
        target.credentials,
        running=False,
    )


def failed_step(test: ConnectionTest, target: Target) -> StepWords:
    [step] = [each for each in words_of(test, target) if each.state == "failed" and each.needed]
    return step


def test_a_good_connection_passes_and_reads_what_the_set_up_shows(
    school: School, sis: StandIn
) -> None:
    test = checked(school, powerschool_at(sis))
    assert (test.state, test.reading) == (CheckState.PASSED, False)
    steps = connection_tests.steps_of(test)
    assert {step.state for step in steps if step.needed} == {StepState.PASSED}
    assert steps[-1].number == sum(grade.students for grade in connection_tests.grades_of(test))
    assert len(connection_tests.schools_of(test)) > 1
    sample = connection_tests.sample_of(test)
    assert sample
    assert sample.records
    assert sample.homes["email"]
    name = str(sample.records[0]["last_name"]).encode()
    assert name not in bytes(test.sample), "students are stored encrypted"


class SlipCase(NamedTuple):
    """A slip: what is typed or set, and how the failed step names it."""

    name: str
    typed: Callable[[StandIn], dict[str, str]] = lambda sis: {}
    faults: tuple[Fault, ...] = ()
    code: str = ""
    probably: str = ""


SLIPS = (
    SlipCase(
        "id and secret swapped",
        lambda sis: {"client_id": sis.client_secret, "client_secret": sis.client_id},
        code="swapped",
        probably="Client ID and Client Secret are the wrong way round.",
    ),
    SlipCase(
        "a wrong secret, or the plugin is not enabled",
        lambda sis: {"client_secret": "not-it"},
        code="credentials_refused",
        probably="installed but not enabled",
    ),
    SlipCase(
        "no https",
        lambda sis: {"client_url": "http://ps.lincoln.example"},
        code="no_https",
        probably="The address starts with http://.",
    ),
    SlipCase(
        "an address that nobody has",
        lambda sis: {"client_url": "https://ps.lincoln.invalid"},
        code="address_unreachable",
        probably="The address has a typing mistake",
    ),
    SlipCase(
        "the address of another system",
        faults=(Fault("html", path="*"),),
        code="other_sis",
        probably="something answers there, but it isn't PowerSchool",
    ),
    SlipCase(
        "v1 access level missing",
        faults=(Fault("access_level"),),
        code="v1_access_missing",
        probably="without the v1 access level READ",
    ),
)


@pytest.mark.parametrize("case", SLIPS, ids=lambda case: case.name)
def test_a_slip_is_named_with_its_remedy(school: School, sis: StandIn, case: SlipCase) -> None:
    sis.faults = list(case.faults)
    target = powerschool_at(sis, **case.typed(sis))
    test = checked(school, target)
    assert test.state == CheckState.FAILED
    step = failed_step(test, target)
    assert step.code == case.code
    assert case.probably in step.probably
    assert step.remedy
    assert not test.sample


def test_a_route_that_does_not_exist(school: School, shared_veracross: VeracrossStandIn) -> None:
    sis = shared_veracross
    credentials = {
        "user_name": sis.user_name,
        "password": sis.password,
        "client": f"{sis.url}/nowhere",
    }
    target = Target("veracross", "v2", credentials, {})
    step = failed_step(checked(school, target), target)
    assert (step.code, step.probably) == (
        "route_unknown",
        "Veracross knows no school with this short name.",
    )


def test_two_clicks_start_one_test(school: School, sis: StandIn) -> None:
    target = powerschool_at(sis)
    first, _new = connection_tests.begin(school, None, target)
    again, is_new = connection_tests.begin(school, None, target)
    assert (again.pk, is_new) == (first.pk, False)
    for number in range(2):
        connection_tests.begin(school, None, powerschool_at(sis, client_id=str(number)))
    with pytest.raises(SettingRefused, match="Other connection tests"):
        connection_tests.begin(school, None, powerschool_at(sis, client_id="one more"))


def test_only_what_was_tested_counts_as_proved(school: School, sis: StandIn) -> None:
    target = powerschool_at(sis)
    assert proofs.proved_at(school, *target[:3]) is None
    checked(school, target)
    assert proofs.proved_at(school, *target[:3])
    other = powerschool_at(sis, client_secret="another")
    assert proofs.proved_at(school, *other[:3]) is None
    elsewhere = School.objects.create(name="Elsewhere")
    assert proofs.proved_at(elsewhere, *target[:3]) is None


def test_an_integration_is_proved_until_its_credentials_change(
    school: School, sis: StandIn
) -> None:
    saved = connected(school, None, sis)
    assert saved.proved_at is None, "nobody has asked the SIS yet"
    checked(school, powerschool_at(sis))
    saved.refresh_from_db()
    assert saved.proved_at
    connected(school, None, sis, test_run=True, credentials={})
    saved.refresh_from_db()
    assert saved.proved_at, "the connection is the same"
    connected(school, None, sis, credentials={"client_secret": "another"})
    saved.refresh_from_db()
    assert saved.proved_at is None
    connected(school, None, sis)
    assert Integration.objects.get().proved_at, "these were tested"


def test_a_failed_test_of_the_saved_credentials_takes_the_proof_back(
    school: School, sis: StandIn
) -> None:
    saved = connected(school, None, sis)
    target = powerschool_at(sis)
    checked(school, target)
    sis.faults = [Fault("access_level")]
    checked(school, target)
    saved.refresh_from_db()
    assert saved.proved_at is None
