"""Laws for every school and every roster: few names and e-mails, so that everything clashes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollbook.roster.planning.changes import WRITING_KINDS, ChangeKind
from rollbook.roster.records import Account, Severity
from tests.roster.model import SOURCE, School, account, raw

IDS = st.integers(1, 6)
ADDRESSES = [f"s{number}@x.example" for number in range(1, 8)]
FIRST_NAMES, LAST_NAMES = ["Ada", "Eda"], ["Byron", "King"]


@st.composite
def schools(draw: st.DrawFn) -> School:
    """Up to seven accounts, linked to our source, to another or to none."""
    links = (
        [(SOURCE, str(number)) for number in range(1, 7)]
        + [("othersis", "1"), ("othersis", "2")]
        + [("", None)] * 3
    )
    accounts: list[Account] = []
    addresses = draw(st.permutations(ADDRESSES))
    for number, (source, sis_id) in enumerate(
        draw(st.permutations(links))[: draw(st.integers(0, 7))]
    ):
        choices = {
            "first_name": st.sampled_from(FIRST_NAMES),
            "last_name": st.sampled_from(LAST_NAMES),
            "status": st.sampled_from(["active", "active", "left", "deactivated"]),
            "birth_date": st.sampled_from([None, account().birth_date]),
            "gender": st.sampled_from([None, "F", "M"]),
            "middle_name": st.sampled_from([None, "Augusta"]),
        }
        values: dict[str, Any] = draw(st.fixed_dictionaries(choices))
        accounts.append(
            account(sis_id, 100 + number, source=source, email=addresses[number], **values)
        )
    return School.of(*accounts)


@st.composite
def rosters(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to seven records; some are repeated, bad, outside the selection, or without an id."""
    values: dict[str, st.SearchStrategy[Any]] = {
        "mail": st.sampled_from([*ADDRESSES, ADDRESSES[0].upper(), "", "none"]),
        "first": st.sampled_from([*FIRST_NAMES, "ADA"]),
        "last": st.sampled_from([*LAST_NAMES, ""]),
        "born": st.sampled_from(["2010-12-10", "2009-01-01", "2010-02-30", ""]),
        "sex": st.sampled_from(["F", "M", ""]),
        "level": st.sampled_from([9, 10, 11, 12, 10, 10, 8, None]),
    }
    some = draw(
        st.lists(
            st.fixed_dictionaries({"sis_id": st.one_of(IDS, IDS, IDS, st.just("")), **values}),
            max_size=7,
        )
    )
    records = [raw(**each) for each in some]
    return draw(st.permutations(records + records[: draw(st.integers(0, 1))]))


def without_ids(school: School) -> set[tuple[Any, ...]]:
    return {tuple(each._replace(id=b"")) for each in school.accounts.values()}


@given(schools(), rosters())
def test_planning_the_applied_state_again_gives_no_change(
    school: School, roster: list[dict[str, Any]]
) -> None:
    first = school.plan(roster)
    after = school.apply(first)
    second = after.plan(roster)
    assert not second.writing
    assert second.errors == first.errors
    assert after.apply(second).accounts == after.accounts
    applied = {sis_id for sis_id, change in first.writing.items() if change.fingerprint is not None}
    assert applied <= second.unchanged


@given(schools(), rosters())
def test_a_plan_touches_no_account_outside_its_source_its_selection_and_its_roster(
    school: School, roster: list[dict[str, Any]]
) -> None:
    after = school.run(*roster)
    selected = {str(record["id"]) for record in roster if record["level"] in {9, 10, 11, 12}}
    for before in school.accounts.values():
        now = after.accounts[before.id]
        if before.sis_id is not None and (before.source != SOURCE or before.sis_id not in selected):
            assert now == before
        if before.sis_id is None and now != before:
            assert now.sis_id in selected
        if now != before:
            assert now.version == before.version + 1


@given(schools(), rosters(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(
    school: School, roster: list[dict[str, Any]], random: Any
) -> None:
    shuffled = random.sample(roster, len(roster))
    one_plan, other_plan = school.plan(roster), school.plan(shuffled)
    assert without_ids(school.apply(one_plan)) == without_ids(school.apply(other_plan))
    assert {sis_id for _, sis_id in one_plan.errors} == {sis_id for _, sis_id in other_plan.errors}
    assert one_plan.check.withdrawn == other_plan.check.withdrawn
    assert set(one_plan.check.not_in_roster) == set(other_plan.check.not_in_roster)


@given(schools(), rosters())
def test_every_record_ends_in_exactly_one_way(school: School, roster: list[dict[str, Any]]) -> None:
    school = school.run(*roster[: len(roster) // 2])
    plan = school.plan(roster)
    changed = [change.sis_id for change in plan.changes]
    with_issue = {sis_id for _, sis_id in plan.errors if sis_id is not None}
    ends: list[set[Any]] = [set(changed), plan.unchanged, with_issue, plan.outside]
    assert len(changed) == len(set(changed))
    assert sum(map(len, ends)) == len(set().union(*ends))
    assert set().union(*ends) == {str(record["id"]) for record in roster if record["id"] != ""}
    assert plan.check.withdrawn <= with_issue


@given(schools(), rosters())
def test_accounts_have_the_values_of_the_roster_and_lose_nothing(
    school: School, roster: list[dict[str, Any]]
) -> None:
    plan = school.plan(roster)
    after = school.apply(plan)
    left_alone = plan.outside | {issue.sis_id for issue in plan.issues}
    linked = after.linked()
    for record in roster:
        if record["id"] == "" or str(record["id"]) in left_alone:
            continue
        account_now = linked[str(record["id"])]
        assert (account_now.email_key, account_now.first_name, account_now.last_name) == (
            record["mail"].lower(),
            record["first"],
            record["last"],
        )
        assert record["sex"] in {"", account_now.gender}
        assert account_now.birth_date is not None or record["born"] == ""
        assert account_now.status != "left"
    for before in school.accounts.values():
        lost = [
            name
            for name, value in before._asdict().items()
            if value is not None and getattr(after.accounts[before.id], name) is None
        ]
        assert lost == []


@given(schools(), rosters())
def test_a_change_shows_before_and_after_of_what_differs_only(
    school: School, roster: list[dict[str, Any]]
) -> None:
    plan = school.plan(roster)
    for change in plan.changes:
        assert bool(change.after) == (change.kind in WRITING_KINDS)
        if change.kind is not ChangeKind.NEW:
            assert change.before.keys() == change.after.keys()
            assert all(change.before[name] != change.after[name] for name in change.after)
    assert all(issue.severity is Severity.WARNING or issue.code for issue in plan.issues)
