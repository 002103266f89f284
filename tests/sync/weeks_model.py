"""Which accounts must exist, with which values and status, after anything happened in any order.

Worked out from what the documents promise, without any code of the app. A plan is made when a
roster is read and applied when it is let through, so that it sees what people do in between.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from tests.sync.weeks_links_model import (
    Links,
    decided_links,
    find_links,
    gone_from,
    is_other_person,
    may_be_back,
)
from tests.sync.weeks_plan import (
    CLOSED_BY_RUNS,
    MANY,
    SIS,
    Account,
    Plan,
    Record,
    Roster,
    Row,
    alike,
    person_of,
)
from tests.sync.weeks_writing import Accounts


class Model(Accounts):
    """One school: what a run plans from a roster, and what applying the plan writes."""

    def plan(self, roster: Roster, today: date, *, only_adds: bool = False) -> Plan:
        decided = decided_links(self)
        self.known = {
            sis_id: key for sis_id, key in self.linked_ids().items() if key not in decided.values()
        } | decided
        wanted = {
            sis_id: record
            for sis_id, record in roster.records.items()
            if sis_id in self.known or not self._unwanted(sis_id, record)
        }
        unknown = {each: record for each, record in wanted.items() if each not in self.known}
        gone_addresses = self.merged_addresses()
        merged = {each for each in unknown if unknown[each]["email"].lower() in gone_addresses}
        unknown = {each: record for each, record in unknown.items() if each not in merged}
        links = find_links(self, unknown, decided)
        refused = self._refused(wanted, links)
        asked_otherwise = links.waiting | links.clashing | merged
        anew = self._re_keyed(wanted, refused, roster)
        anew = {each: key for each, key in anew.items() if each not in asked_otherwise}
        refused -= anew.keys()
        gone = gone_from(self, roster, {*anew.values(), *decided.values()})
        found = anew.keys() | links.exact.keys() | decided.keys()
        new = {one: wanted[one] for one in wanted.keys() - self.known.keys() - found}
        pairs = may_be_back(self, new, gone)
        refused |= {sis_id for sis_id, _key in pairs} | asked_otherwise
        waiting = {key for _sis_id, key in pairs}
        rows = [self._link(sis_id, key, wanted[sis_id]) for sis_id, key in anew.items()]
        apart = refused | anew.keys()
        rows += self._rows({each: one for each, one in wanted.items() if each not in apart}, links)
        asked = self._like_another(rows)
        refused |= {sis_id for sis_id, _key in asked}
        rows = [row for row in rows if row.kind != "new" or row.sis_id not in refused]
        missing = {key for key in gone if self.accounts[key].status == "active"}
        if not only_adds:
            leaving = sorted(missing - waiting)
            rows += [row for key in leaving if (row := self._leave(key, today)) is not None]
        unreadable = roster.unreadable - (self.never_ids - self.known.keys())
        listed = self._listed(roster, wanted, refused, missing, rows, only_adds)
        listed |= self._protected_links(links, wanted.keys() - refused)
        for key in waiting & missing:  # open until a person has decided
            sis_id = self.accounts[key].sis_id
            listed = listed - {("protected", sis_id)} | {("not_in_roster", sis_id)}
        wrong = refused | unreadable
        unusable = self._unusable(wrong, wanted)
        alarms = self._alarms(rows, unusable, listed, missing)
        proposed = links.proposed | pairs | asked
        clashes = self._clashes(proposed, links.clashes)
        asking = (listed, alarms, unusable, proposed, clashes)
        return Plan(roster, rows, wrong, missing, self.deeds, only_adds, *asking)

    def _rows(self, wanted: Mapping[str, Record], links: Links) -> Iterator[Row]:
        """Yield what is written for the records that nothing keeps apart."""
        for sis_id, record in wanted.items():
            if sis_id in links.decided or sis_id in links.exact:
                key = links.decided.get(sis_id) or links.exact[sis_id]
                if not self.accounts[key].protected:
                    link = self._link(sis_id, key, record)
                    yield link._replace(by_address=sis_id in links.exact)
            elif sis_id not in self.known:
                yield self._new(sis_id, record)
            elif (row := self._row(self.known[sis_id], record)) is not None:
                yield row

    def _clashes(
        self, proposed: set[tuple[str, int]], clashes: set[tuple[str, int]]
    ) -> set[tuple[str, int]]:
        """Return the proposed links that contradict each other, or that have other names."""
        of_record, of_account = (Counter(pair[at] for pair in proposed) for at in (0, 1))
        return clashes | {
            pair for pair in proposed if of_record[pair[0]] > 1 or of_account[pair[1]] > 1
        }

    def _new(self, sis_id: str, record: Record) -> Row:
        said = {name: value for name, value in record.items() if value or name in self.clears}
        link = {"source": SIS, "sis_id": sis_id, "address": record["email"].lower()}
        same = self.namesakes(record)
        return Row("new", self.new_key(), sis_id, {}, said | link, 0, namesakes=same)

    def _unusable(self, wrong: set[str], wanted: Mapping[str, Record]) -> set[int]:
        """Return the accounts whose record has an error and is about their own person."""
        known = self.linked_ids()
        return {
            known[sis_id]
            for sis_id in wrong & known.keys()
            if sis_id not in wanted
            or not is_other_person(wanted[sis_id], self.accounts[known[sis_id]])
        }

    def _listed(
        self,
        roster: Roster,
        wanted: Mapping[str, Record],
        refused: set[str],
        missing: set[int],
        rows: list[Row],
        only_adds: bool,
    ) -> set[tuple[str, str]]:
        known, written = self.known, {row.key for row in rows}
        outside = known.keys() & roster.sent - roster.records.keys() - roster.unreadable
        listed = {("never_imported", sis_id) for sis_id in roster.records.keys() - wanted.keys()}
        for sis_id in outside:  # a row that changes nothing shows the account's own SIS ID
            listed.add(("outside_selection", self.accounts[known[sis_id]].sis_id))
        for key in missing - written:
            over = not only_adds and self._is_long_enough(self.accounts[key])
            listed.add(("protected" if over else "not_in_roster", self.accounts[key].sis_id))
        for sis_id in wanted.keys() & known.keys() - refused:
            if known[sis_id] not in written and self._holds_back(
                self.accounts[known[sis_id]], wanted[sis_id]
            ):
                listed.add(("protected", sis_id))
        return listed

    def _protected_links(self, links: Links, sent: set[str]) -> set[tuple[str, str]]:
        """Return the rows of links that are not made because the account is protected."""
        keys = links.exact | links.decided
        return {
            ("protected", sis_id)
            for sis_id in keys.keys() & sent
            if self.accounts[keys[sis_id]].protected
        }

    def _holds_back(self, account: Account, record: Record) -> bool:
        """Whether a lock or protection prevents a change, or the account stays deactivated."""
        if account.status == "deactivated":
            return True
        said = self._differing(replace(account, locked=set()), record)
        if account.protected:
            return bool(said) or account.status in CLOSED_BY_RUNS
        return bool(said.keys() & account.locked)

    def _unwanted(self, sis_id: str, record: Record) -> bool:
        return sis_id in self.never_ids or record["email"].lower() in self.never_addresses

    def _refused(self, wanted: Mapping[str, Record], links: Links) -> set[str]:
        """Return the records to put aside: a shared or taken address, another person's SIS ID."""
        known = self.known
        refused = {
            sis_id
            for sis_id, record in wanted.items()
            if sis_id in known
            and sis_id not in links.decided
            and is_other_person(record, self.accounts[known[sis_id]])
        }
        says = {
            sis_id: record["email"].lower()
            for sis_id, record in wanted.items()
            if self._claims(sis_id, record)
        }
        for address in says.values():
            sharing = {sis_id for sis_id, said in says.items() if said == address}
            refused |= sharing if len(sharing) > 1 else set()
        by_address = links.exact.keys() | links.clashing
        while True:
            late = {
                sis_id
                for sis_id, address in says.items()
                if sis_id not in refused | by_address
                and (sis_id not in known or self.accounts[known[sis_id]].address != address)
                and self._is_kept(address, sis_id, wanted, refused)
            }
            if not late:
                return refused
            refused |= late

    def _claims(self, sis_id: str, record: Record) -> bool:
        """Return whether a record claims its address: not where a person fixed its account's."""
        account = self.accounts[self.known[sis_id]] if sis_id in self.known else None
        if account is not None and "email" in self.ours:
            return False
        return (
            account is None
            or not self._keeps_address(account)
            or account.address == record["email"].lower()
        )

    def _keeps_address(self, account: Account) -> bool:
        """Whether no roster changes the e-mail."""
        return account.protected or "email" in account.locked | self.ours

    def _is_kept(
        self, address: str, sis_id: str, wanted: Mapping[str, Record], refused: set[str]
    ) -> bool:
        """Whether another account still has this address when all others have got theirs."""
        own = self.known.get(sis_id)
        record_of = {key: known for known, key in self.known.items() if known in wanted}
        return any(
            self._address_after(key, record_of.get(key), wanted, refused) == address
            for key in self.accounts
            if key != own
        )

    def _address_after(
        self, key: int, sis_id: str | None, wanted: Mapping[str, Record], refused: set[str]
    ) -> str:
        account = self.accounts[key]
        moves = sis_id is not None and sis_id not in refused and not self._keeps_address(account)
        return wanted[sis_id]["email"].lower() if moves and sis_id else account.address

    def _like_another(self, rows: list[Row]) -> set[tuple[str, int]]:
        """Return new SIS IDs with the name and birth date of an account, and that account."""
        after = {key: dict(account.values) for key, account in self.students.items()}
        for row in rows:
            if row.kind != "new":
                after[row.key] |= row.after
        return {
            (row.sis_id, key)
            for row in rows
            if row.kind == "new" and person_of(row.after)
            for key, values in after.items()
            if person_of(values) == person_of(row.after) and (row.sis_id, key) not in self.rejected
        }

    def _re_keyed(
        self,
        wanted: Mapping[str, Record],
        refused: set[str],
        roster: Roster,
    ) -> dict[str, int]:
        """Return known people under unknown IDs whose own IDs are missing, if there are many."""
        known, says = self.known, [record["email"].lower() for record in wanted.values()]
        gone = gone_from(self, roster, set(known.values()) - set(self.linked_ids().values()))
        back: dict[str, int] = {}
        for sis_id in sorted(refused - known.keys()):
            address = wanted[sis_id]["email"].lower()
            key = self.holder(address)
            if key is not None and key in gone and says.count(address) == 1:
                back[sis_id] = key
        if len(back) <= MANY or 100 * len(back) / max(1, len(known)) <= 5:
            return {}
        same = {
            sis_id: key
            for sis_id, key in back.items()
            if alike(self.accounts[key].values, wanted[sis_id])
        }
        return {sis_id: key for sis_id, key in same.items() if not self.accounts[key].protected}

    def _link(self, sis_id: str, key: int, record: Record) -> Row:
        account = self.accounts[key]
        after = self._differing(account, record) | {"sis_id": sis_id, "source": SIS}
        if account.status in CLOSED_BY_RUNS:
            after["status"] = "active"
        return self._made("linked", key, sis_id, after)

    def _row(self, key: int, record: Record) -> Row | None:
        account = self.accounts[key]
        after = self._differing(account, record)
        if account.protected:
            return None
        if account.status in CLOSED_BY_RUNS:
            return self._made("returning", key, account.sis_id, after | {"status": "active"})
        return self._made("updated", key, account.sis_id, after) if after else None

    def _differing(self, account: Account, record: Record) -> dict[str, str]:
        """Return what differs in a record. Letter case of an e-mail doesn't count, locks hold."""
        said = {
            name: value
            for name, value in record.items()
            if value != account.values[name] and (value or name in self.clears)
        }  # a blank says nothing
        said.pop("email", None)
        written = {
            name: value
            for name, value in said.items()
            if name not in account.locked and (name not in self.ours or not account.values[name])
        }
        if self._gets_address(account, record["email"].lower()):
            written |= {"email": record["email"], "address": record["email"].lower()}
        return written

    def _gets_address(self, account: Account, address: str) -> bool:
        """Return whether the account gets an e-mail. One whose own was freed needs one again."""
        if account.address:
            return account.address != address and "email" not in account.locked | self.ours
        is_own = account.values["email"].lower() == address
        return not is_own or account.status in CLOSED_BY_RUNS

    def _leave(self, key: int, today: date) -> Row | None:
        account = self.accounts[key]
        if account.protected or not self._is_long_enough(account):
            return None
        kind = (
            "graduated" if today >= date(int(account.values["graduation_year"]), 7, 1) else "left"
        )
        return self._made(kind, key, account.sis_id, {"status": kind})

    def _is_long_enough(self, account: Account) -> bool:
        return self.closes_after is not None and account.missed + 1 >= self.closes_after

    def _made(self, kind: str, key: int, sis_id: str, after: dict[str, str]) -> Row:
        account = self.accounts[key]
        held = account.held
        return Row(kind, key, sis_id, {name: held[name] for name in after}, after, account.deeds)
