"""Which accounts must exist, with which values and status, after anything happened in any order.

Worked out from what the documents promise, without any code of the app. A plan is made when a
roster is read and applied when it is let through, so that it sees what people do in between.
"""

from collections.abc import Mapping
from datetime import date

from tests.sync.weeks_people import People
from tests.sync.weeks_plan import (
    CLOSED_BY_RUNS,
    FIELDS,
    MANY,
    Account,
    Plan,
    Record,
    Roster,
    Row,
    alike,
    bare_name,
)


class Model(People):
    """One school: what a run plans from a roster, and what applying the plan writes."""

    # --- what a run would do

    def plan(self, roster: Roster, today: date, *, only_adds: bool = False) -> Plan:
        known = self.by_id()
        wanted = {
            sis_id: record
            for sis_id, record in roster.records.items()
            if sis_id in known or not self._unwanted(sis_id, record)
        }
        refused = self._refused(wanted, known)
        anew = self._re_keyed(wanted, refused, known, roster)
        refused -= anew.keys()
        pairs = self._may_be_back(wanted, anew, known, roster)
        refused |= {sis_id for sis_id, _key in pairs}
        waiting = {key for _sis_id, key in pairs}
        rows = [self._re_key_row(sis_id, key, wanted[sis_id]) for sis_id, key in anew.items()]
        for sis_id, record in wanted.items():
            if sis_id in refused or sis_id in anew:
                continue
            if sis_id not in known:
                self._keys += 1
                rows.append(
                    Row(
                        "new",
                        self._keys,
                        sis_id,
                        {},
                        {
                            name: value
                            for name, value in record.items()
                            if value or name in self.clears
                        },
                        0,
                    )
                )
            elif (row := self._row(known[sis_id], record)) is not None:
                rows.append(row)
        asked = self._like_another(rows)
        refused |= asked
        rows = [row for row in rows if row.kind != "new" or row.sis_id not in asked]
        gone = {
            key
            for key, one in self.accounts.items()
            if one.sis_id not in roster.sent and key not in anew.values()
        }
        missing = {key for key in gone if self.accounts[key].status == "active"}
        if not only_adds:
            leaving = sorted(missing - waiting)
            rows += [row for key in leaving if (row := self._leave(key, today)) is not None]
        unreadable = {
            sis_id
            for sis_id in roster.unreadable
            if sis_id in known or sis_id not in self.never_ids
        }  # else nobody's business
        listed = self._listed(roster, wanted, refused, missing, rows, only_adds)
        for key in waiting & missing:  # open until a person has decided
            sis_id = self.accounts[key].sis_id
            listed = listed - {("protected", sis_id)} | {("not_in_roster", sis_id)}
        wrong = refused | unreadable
        unusable = self._unusable(wrong, wanted)
        alarms = self._alarms(rows, unusable, listed, missing)
        return Plan(roster, rows, wrong, missing, self.deeds, only_adds, listed, alarms, unusable)

    def _unusable(self, wrong: set[str], wanted: Mapping[str, Record]) -> set[int]:
        """Return the accounts whose record has an error and is about their own person."""
        known = self.by_id()
        return {
            known[sis_id]
            for sis_id in wrong & known.keys()
            if sis_id not in wanted or not self._is_somebody_else(known[sis_id], wanted[sis_id])
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
        known, written = self.by_id(), {row.key for row in rows}
        outside = known.keys() & roster.sent - roster.records.keys() - roster.unreadable
        listed = {("never_imported", sis_id) for sis_id in roster.records.keys() - wanted.keys()}
        listed |= {("outside_selection", sis_id) for sis_id in outside}
        for key in missing - written:
            over = not only_adds and self._is_long_enough(self.accounts[key])
            listed.add(("protected" if over else "not_in_roster", self.accounts[key].sis_id))
        for sis_id in wanted.keys() & known.keys() - refused:
            if known[sis_id] not in written and self._holds_back(
                self.accounts[known[sis_id]], wanted[sis_id]
            ):
                listed.add(("protected", sis_id))
        return listed

    def _holds_back(self, account: Account, record: Record) -> bool:
        """Whether a lock or protection prevents a change, or the account stays deactivated."""
        if account.status == "deactivated":
            return True
        said = self._differing(Account(account.sis_id, account.values), record)
        if account.protected:
            return bool(said) or account.status in CLOSED_BY_RUNS
        return bool(said.keys() & account.locked)

    def _unwanted(self, sis_id: str, record: Record) -> bool:
        return sis_id in self.never_ids or record["email"].lower() in self.never_addresses

    def _refused(self, wanted: Mapping[str, Record], known: Mapping[str, int]) -> set[str]:
        """Return the records to put aside: a shared or taken address, another person's SIS ID."""
        refused = {
            sis_id
            for sis_id, record in wanted.items()
            if sis_id in known and self._is_somebody_else(known[sis_id], record)
        }
        says = {
            sis_id: record["email"].lower()
            for sis_id, record in wanted.items()
            if self._claims(sis_id, record, known)
        }
        for address in says.values():
            sharing = {sis_id for sis_id, said in says.items() if said == address}
            refused |= sharing if len(sharing) > 1 else set()
        while True:
            late = {
                sis_id
                for sis_id, address in says.items()
                if sis_id not in refused
                and (sis_id not in known or self.accounts[known[sis_id]].address != address)
                and self._is_kept(address, sis_id, wanted, refused)
            }
            if not late:
                return refused
            refused |= late

    def _claims(self, sis_id: str, record: Record, known: Mapping[str, int]) -> bool:
        """Return whether a record claims its address: not where a person fixed its account's."""
        account = self.accounts[known[sis_id]] if sis_id in known else None
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
        others = [account for account in self.accounts.values() if account.sis_id != sis_id]
        return any(self._address_after(account, wanted, refused) == address for account in others)

    def _address_after(
        self, account: Account, wanted: Mapping[str, Record], refused: set[str]
    ) -> str:
        moves = (
            account.sis_id in wanted
            and account.sis_id not in refused
            and not self._keeps_address(account)
        )
        return wanted[account.sis_id]["email"].lower() if moves else account.address

    def _is_somebody_else(self, key: int, record: Record) -> bool:
        account = self.accounts[key]
        was = account.values
        if was["birth_date"] and record["birth_date"]:
            return was["birth_date"] != record["birth_date"] and not alike(was, record)
        names_differ = [
            bare_name(was[name]) != bare_name(record[name]) for name in ("first_name", "last_name")
        ]
        address = record["email"].lower()
        if all(names_differ):
            return account.address != address
        if not was["birth_date"] or account.address.split("@")[0] == address.split("@")[0]:
            return False
        years = int(was["graduation_year"]), int(record["graduation_year"])
        return names_differ[0] or (names_differ[1] and abs(years[0] - years[1]) > 2)

    def _may_be_back(
        self,
        wanted: Mapping[str, Record],
        anew: Mapping[str, int],
        known: Mapping[str, int],
        roster: Roster,
    ) -> set[tuple[str, int]]:
        """Return unknown SIS IDs with the account they may be of, whose own ID is missing."""
        gone = {
            key: account
            for key, account in self.accounts.items()
            if account.sis_id not in roster.sent and key not in anew.values()
        }
        pairs = set()
        for sis_id in wanted.keys() - known.keys() - anew.keys():
            record = wanted[sis_id]
            for key, account in gone.items():
                was = account.values
                same_birth = bool(was["birth_date"]) and was["birth_date"] == record["birth_date"]
                same_email = account.address == record["email"].lower()
                if alike(was, record) and (same_birth or same_email):
                    pairs.add((sis_id, key))
        return pairs

    def _like_another(self, rows: list[Row]) -> set[str]:
        """Return new SIS IDs with the name and birth date of an account."""
        after = {key: dict(account.values) for key, account in self.accounts.items()}
        for row in rows:
            if row.kind != "new":
                after[row.key] |= row.after
        people = list(after.values())
        asked = set()
        new = [row for row in rows if row.kind == "new"]
        for row in sorted(new, key=lambda row: (len(row.sis_id), row.sis_id)):
            record = row.after
            born = record.get("birth_date")
            if born and any(born == one["birth_date"] and alike(one, record) for one in people):
                asked.add(row.sis_id)
        return asked

    def _re_keyed(
        self,
        wanted: Mapping[str, Record],
        refused: set[str],
        known: Mapping[str, int],
        roster: Roster,
    ) -> dict[str, int]:
        """Return known people under unknown IDs whose own IDs are missing, if there are many."""
        says = [record["email"].lower() for record in wanted.values()]
        back: dict[str, int] = {}
        for sis_id in sorted(refused - known.keys()):
            address = wanted[sis_id]["email"].lower()
            key = self.holder(address)
            if (
                key is not None
                and self.accounts[key].sis_id not in roster.sent
                and says.count(address) == 1
            ):
                back[sis_id] = key
        if len(back) <= MANY or 100 * len(back) / max(1, len(known)) <= 5:
            return {}
        same = {
            sis_id: key
            for sis_id, key in back.items()
            if alike(self.accounts[key].values, wanted[sis_id])
        }
        return {sis_id: key for sis_id, key in same.items() if not self.accounts[key].protected}

    def _re_key_row(self, sis_id: str, key: int, record: Record) -> Row:
        account = self.accounts[key]
        after = self._differing(account, record) | {"sis_id": sis_id}
        return self._made(
            "linked",
            key,
            sis_id,
            after | ({"status": "active"} if account.status in CLOSED_BY_RUNS else {}),
        )

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
            if value != account.values[name] and name not in account.locked
        }
        if said.get("email", "").lower() == account.address:
            del said["email"]
        said = {
            name: value for name, value in said.items() if value or name in self.clears
        }  # else a blank says nothing
        return {
            name: value
            for name, value in said.items()
            if name not in self.ours or not account.values[name]
        }

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
        held = account.values | {"status": account.status, "sis_id": account.sis_id}
        return Row(kind, key, sis_id, {name: held[name] for name in after}, after, account.deeds)

    # --- what becomes of the accounts

    def apply(self, plan: Plan, *, additions_only: bool = False) -> list[Row]:
        """Write a plan, except for accounts that people edited since. Returns the written rows."""
        rows = [
            row
            for row in plan.rows
            if row.kind != "new" or not self._unwanted(row.sis_id, row.after)
        ]
        if additions_only:
            parts = [row.addition_or_update() for row in rows]
            rows = [part for part in parts if part is not None]
        rows = self.write(rows)
        written = {row.key: row for row in rows}
        for key, account in self.accounts.items():
            lacked = key in plan.missing and not (
                key in written and written[key].kind in CLOSED_BY_RUNS
            )
            account.missed = account.missed + (not plan.only_adds) if lacked else 0
        self._forget({"errors": plan.unusable, "leavers": self._still_missing(plan)})
        return rows

    def write(self, rows: list[Row]) -> list[Row]:
        """Write rows, except those that were overtaken.

        The account was edited since, or somebody else got the e-mail or the SIS ID.
        """
        rows = [
            row for row in rows if row.kind == "new" or row.deeds == self.accounts[row.key].deeds
        ]
        while clashes := [row for row in rows if self._is_taken(row, rows)]:
            rows = [row for row in rows if row not in clashes]
        for row in rows:
            self._write(row)
        return rows

    def _is_taken(self, row: Row, rows: list[Row]) -> bool:
        """Return whether somebody has this SIS ID, or keeps this address in the same plan."""
        if self.by_id().get(row.after.get("sis_id", ""), row.key) != row.key:
            return True
        if row.address is None:
            return False
        key = self.holder(row.address)
        return (
            key is not None
            and key != row.key
            and not any(other.key == key and other.address is not None for other in rows)
        )

    def _write(self, row: Row) -> None:
        if row.kind == "new":
            self.accounts[row.key] = Account(row.sis_id, dict.fromkeys(FIELDS, "") | row.after)
            return
        account = self.accounts[row.key]
        account.values |= {name: value for name, value in row.after.items() if name in FIELDS}
        account.status = row.after.get("status", account.status)
        account.sis_id = row.after.get("sis_id", account.sis_id)
        account.deeds += 1
