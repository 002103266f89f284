"""The demo has a stand-in for each source, and says what to type for each way to connect to it."""

import subprocess
import sys

import pytest

from rollbook.cli.demo import first_school
from rollbook.cli.demo.standins import STANDINS, StandIn
from rollbook.sources.registry import SOURCES

FACTS = ("vendor", "client_id", "client_secret", "user_name", "password", "students", "week")
ABOUT = {name: f"<{name}>" for name in FACTS} | {"url": "http://127.0.0.1:9", "route": "exs"}


def test_every_source_has_a_stand_in_in_the_demo() -> None:
    assert [standin.slug for standin in STANDINS] == list(SOURCES)
    assert len({standin.port for standin in STANDINS}) == len(STANDINS)


@pytest.mark.parametrize("standin", STANDINS, ids=lambda standin: standin.slug)
def test_each_way_to_connect_is_told_under_the_labels_of_the_setup(standin: StandIn) -> None:
    told = list(standin.to_type(standin.known(ABOUT)))
    assert [[label for label, _ in lines] for _, lines in told] == [
        [field.label for field in variant.credentials] for variant in SOURCES[standin.slug].variants
    ]
    assert len({name for name, _ in told}) == len(told)


def test_a_demo_of_an_earlier_version_gets_the_people_who_are_missing() -> None:
    first = first_school.everybody([])
    assert {person["role"] for person in first} == {"owner", "administrator", "counselor"}
    again = first_school.everybody(first[:1])
    assert again[0] == first[0]
    assert [each["email"] for each in again] == [each["email"] for each in first]


def test_what_is_typed_for_veracross_holds_server_and_route() -> None:
    standin = STANDINS[1]
    told = dict(standin.to_type(standin.known(ABOUT)))
    assert told == {
        "Veracross, API v3": [
            ("Client ID", "<client_id>"),
            ("Client Secret", "<client_secret>"),
            ("School Route", "http://127.0.0.1:9/exs"),
        ],
        "Veracross, API v2 (legacy)": [
            ("User Name", "<user_name>"),
            ("Password", "<password>"),
            ("Client", "http://127.0.0.1:9/exs"),
        ],
    }


def test_the_demo_reads_no_setting_before_it_has_set_its_own() -> None:
    code = "import sys, rollbook.cli.demo.command; print('rollbook.config' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"
