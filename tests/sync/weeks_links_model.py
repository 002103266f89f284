"""Whose account an unknown SIS ID may be: docs/linking.md, and "Accounts without a link"."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.sync.weeks_people import People
from tests.sync.weeks_plan import Account, Record, Roster, alike, bare_name, person_of


class Links(NamedTuple):
    """Links of unknown SIS IDs to accounts.

    `decided` a person confirmed; `exact` have the same e-mail and name; `clashing` the same e-mail
    but contradict; `waiting` are like an account in another way. `proposed` are all such pairs.
    """

    decided: dict[str, int]
    exact: dict[str, int]
    clashing: set[str]
    waiting: set[str]
    proposed: set[tuple[str, int]]
    clashes: set[tuple[str, int]]


def decided_links(people: People) -> dict[str, int]:
    """Return the links that people confirmed and no run has made."""
    linked = people.linked_ids()
    return {
        sis_id: key
        for key, sis_id in people.links.items()
        if sis_id not in linked and people.accounts[key].status != "merged"
    }


def find_links(people: People, unknown: Mapping[str, Record], decided: dict[str, int]) -> Links:
    """Compare unknown SIS IDs with the accounts without a link."""
    links = Links(decided, {}, set(), set(), set(), set())
    for sis_id, record in unknown.items():
        holder = people.holder(record["email"])
        by_address = holder is not None and holder in set(_unlinked(people, sis_id))
        keys = {
            key
            for key in _unlinked(people, sis_id)
            if key == holder or _is_like(people.accounts[key], sis_id, record)
        }
        links.proposed.update((sis_id, key) for key in keys)
        if holder is None or not by_address:
            if keys:
                links.waiting.add(sis_id)
            continue
        account = people.accounts[holder]
        same = alike(account.values, record) and not contradict(account.values, record)
        if not same:
            links.clashes.add((sis_id, holder))
        if same and account.status == "active":
            links.exact[sis_id] = holder
        else:
            links.clashing.add(sis_id)
    return links


def _unlinked(people: People, sis_id: str) -> Iterator[int]:
    """Yield the accounts without a link that this SIS ID could belong to."""
    for key, account in people.students.items():
        is_open = not account.is_linked and key not in people.links
        if is_open and (sis_id, key) not in people.rejected:
            yield key


def _is_like(account: Account, sis_id: str, record: Record) -> bool:
    number, person = record["student_number"], person_of(record)
    return (
        account.sis_id == sis_id
        or (bool(number) and account.values["student_number"] == number)
        or (person is not None and person_of(account.values) == person)
    )


def contradict(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether birth date or class show two people."""
    born, year = ((one.get(name), other.get(name)) for name in ("birth_date", "graduation_year"))
    if all(born):
        return born[0] != born[1]
    return all(year) and abs(int(year[0] or 0) - int(year[1] or 0)) > 2


def is_other_person(said: Mapping[str, str], account: Account) -> bool:
    """Whether what a record or a row says under a known ID is about somebody else."""
    was = account.values
    first, last = (
        name in said and bare_name(said[name]) != bare_name(was[name])
        for name in ("first_name", "last_name")
    )
    if said.get("birth_date") and was["birth_date"]:
        return said["birth_date"] != was["birth_date"] and (first or last)
    address = said.get("email", "").lower()
    if not address or address == account.address:
        return False
    if first and last:
        return True
    if not was["birth_date"] or account.address.split("@")[0] == address.split("@")[0]:
        return False
    return first or (last and contradict(said, was))


def may_be_back(
    people: People, new: Mapping[str, Record], gone: Mapping[int, Account]
) -> set[tuple[str, int]]:
    """Return new SIS IDs with the account they may be of, whose own ID is missing."""
    pairs = set()
    for sis_id, record in new.items():
        for key, account in gone.items():
            same = person_of(account.values) == (person_of(record) or ())
            same_email = account.address == record["email"].lower()
            if (same or (same_email and alike(account.values, record))) and (
                sis_id,
                key,
            ) not in people.rejected:
                pairs.add((sis_id, key))
    return pairs


def gone_from(people: People, roster: Roster, found: set[int]) -> dict[int, Account]:
    """Return the linked accounts whose SIS ID the roster lacks, without those `found` anew."""
    return {
        key: account
        for key, account in people.students.items()
        if account.is_linked and account.sis_id not in roster.sent and key not in found
    }
