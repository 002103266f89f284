"""Odd records, alone or in pairs: each is put aside with a reason, and the rest goes on."""

from collections.abc import Callable
from typing import Any

import pytest

from rollbook.standins.faults import Fault
from rollbook.standins.rows import parts_of
from rollbook.students.models import StudentAccount
from rollbook.sync.models import Change, Issue, RunState
from tests.sync.behind_a_proxy import Row, Sis, quick, sis
from tests.sync.test_pipeline import held, sync

__all__ = ["quick", "sis"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_a_field_that_vanishes_blanks_nothing_and_is_a_warning(sis: Sis) -> None:
    before = dict(StudentAccount.objects.values_list("sis_id", "gender"))
    sis.standin.faults = [Fault("drop_field", field=sis.optional)]
    run = sync(sis.integration)
    assert run.state == RunState.DONE
    after = dict(StudentAccount.objects.values_list("sis_id", "gender"))
    assert {sis_id: after[sis_id] for sis_id in before} == before and any(before.values())
    warning = Issue.objects.get(run=run, code="field_vanished")
    assert (warning.field, warning.severity, warning.sis_id) == ("gender", "warning", None)


def put(field: str, value: Any) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        for part in parts_of(row) + [part for part in row.values() if isinstance(part, dict)]:
            if field in part:
                part[field] = value

    return change


def take(field: str) -> Callable[[Row], None]:
    def change(row: Row) -> None:
        for part in parts_of(row):
            part.pop(field, None)

    return change


BIRTH = {"powerschool": "birth_date", "veracross": "birthday"}
ONE_ODD: dict[str, tuple[Callable[[Sis], Callable[[Row], None]], bool]] = {
    # what is odd about one record, and whether the student is put aside as a whole
    "a last name is missing": (lambda sis: take("last_name"), True),
    "an empty object for the e-mail": (lambda sis: put(sis.holder, ""), True),
    "a NUL in a name": (lambda sis: put("first_name", "A\x00da"), False),
    "control characters": (lambda sis: put("last_name", "Love\x1b[1mlace\r\n"), False),
    "a name of 4,000 characters": (lambda sis: put("last_name", "x" * 4_000), True),
    "a date that does not exist": (lambda sis: put(BIRTH[sis.name], "2011-02-30"), False),
    "an e-mail that is none": (
        lambda sis: put("email" if sis.name == "powerschool" else "email_1", "ask the office"),
        True,
    ),
    "an object for a name": (lambda sis: put("first_name", {"first": "Ada"}), True),
    "a list for the e-mail": (
        lambda sis: put("email" if sis.name == "powerschool" else "email_1", ["a@b.example"]),
        True,
    ),
    "null for a name": (lambda sis: put("first_name", None), True),
}


@pytest.mark.parametrize("row", ONE_ODD)
def test_one_odd_record_is_put_aside_with_a_reason_and_the_rest_goes_on(sis: Sis, row: str) -> None:
    act, aside = ONE_ODD[row]
    odd, before = sis.one(), held()
    change = act(sis)

    def spoil(rows: list[Row]) -> None:
        for each in rows:
            if str(each["id"]) == odd:
                change(each)

    sis.spoil(spoil)
    run = sync(sis.integration)
    assert (run.state, run.error_what) == (RunState.DONE, "")
    assert sis.others(odd).items() <= held().items()
    assert run.counts["new"] > 0
    if aside:
        assert held()[odd] == before[odd]
        assert Issue.objects.filter(run=run, sis_id=odd).exists()
    assert not [
        values
        for values in held().values()
        if any("\x00" in str(value) or "\x1b" in str(value) for value in values)
    ]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("doubled_key", page=2), "field_twice"),
        (Fault("doubled_key", page=2, field="last_name"), "field_twice"),
        (Fault("no_json", page=2), "wrong_type"),
        (Fault("no_json", page=2, location="1e400"), "wrong_type"),
        (Fault("no_json", page=2, location="9" * 5_000), "text_too_long"),
    ],
    ids=["doubled first name", "doubled last name", "NaN", "1e400", "5,000 digits"],
)
def test_one_unreadable_record_is_a_problem_of_that_record(
    sis: Sis, fault: Fault, code: str
) -> None:
    before = held()
    sis.standin.faults = [fault]
    run = sync(sis.integration)
    assert (run.state, run.error_what) == (RunState.DONE, "")
    [issue] = Issue.objects.filter(run=run, code=code)
    assert issue.severity == "error" and issue.sis_id
    odd = issue.sis_id
    assert held().get(odd) == before.get(odd)
    assert not Change.objects.filter(run=run, sis_id=odd).exists()
    complete = sis.complete()
    assert {each: complete[each] for each in complete if each != odd}.items() <= held().items()


def test_the_same_id_twice_with_other_values_is_put_aside_both(sis: Sis) -> None:
    before = held()
    odd = sis.one(0)
    first: list[Row] = []

    def again(rows: list[Row]) -> list[Row] | None:
        for row in rows:
            if str(row["id"]) == odd and not first:
                first.append(row)
                other = deep(row)
                put("last_name", "Otherwise")(other)
                return [*rows, other]
        return None

    sis.spoil(again)
    run = sync(sis.integration)
    assert run.state == RunState.DONE and first
    assert held()[odd] == before[odd]
    assert Issue.objects.filter(run=run, sis_id=odd).exists()
    assert sis.others(odd).items() <= held().items()


def deep(row: Row) -> Row:
    return {key: deep(value) if isinstance(value, dict) else value for key, value in row.items()}


def test_two_with_one_address_are_listed_and_two_who_swap_come_out_right(sis: Sis) -> None:
    sync(sis.integration)
    before = held()
    one, other, third, fourth = sorted(sis.complete())[:4]
    sis.standin.edit(int(one), email=before[other][0].upper())
    sis.standin.edit(int(third), email=before[fourth][0])
    sis.standin.edit(int(fourth), email=before[third][0])
    run = sync(sis.integration)
    assert run.state == RunState.DONE
    assert (held()[one], held()[other]) == (before[one], before[other])
    assert (held()[third][0], held()[fourth][0]) == (before[fourth][0], before[third][0])
    assert {issue.sis_id for issue in Issue.objects.filter(run=run, code="email_shared")} == {
        one,
        other,
    }
