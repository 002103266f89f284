"""What a plan writes onto the accounts of the weeks' model, and what an approval settles."""

from collections.abc import Mapping
from uuid import UUID

from tests.sync.weeks_people import People
from tests.sync.weeks_plan import CLOSED_BY_RUNS, FIELDS, MANY, Account, Plan, Row, person_of


class Accounts(People):
    """The accounts of one school, with what plans write onto them."""

    def _alarms(
        self,
        rows: list[Row],
        unusable: set[int],
        listed: set[tuple[str, str]],
        missing: set[int],
    ) -> set[str]:
        """Return which of the guards for names and errors hold the run."""
        active = {one.sis_id for one in self.accounts.values() if one.status == "active"}
        should = {sis_id for sis_id in active if ("outside_selection", sis_id) not in listed}
        should -= {self.accounts[key].sis_id for key in missing & self.settled["leavers"].keys()}
        renamed = [
            row
            for row in rows
            if row.kind in ("updated", "returning")
            and row.after.keys() & {"first_name", "last_name"}
        ]
        errors = [
            key
            for key in unusable - self.settled["errors"].keys()
            if self.accounts[key].status == "active"
        ]
        numbers = {"names": len(renamed), "errors": len(errors)}
        return {
            name
            for name, number in numbers.items()
            if number > MANY and should and 100 * number / len(should) > 20
        }

    # --- what a person approved in a held run

    def settle(self, plan: Plan, run: UUID, alarms: set[str], *, additions_only: bool) -> None:
        """After `apply`: what was approved holds no later run for the same students."""
        approved: dict[str, set[int]] = {}
        if "errors" in alarms:
            approved["errors"] = plan.unusable
        if alarms & {"leavers", "overlap", "vanished"} and not additions_only:
            approved["leavers"] = self._still_missing(plan)
        for guard, keys in approved.items():
            for key in keys:
                self.settled[guard].setdefault(key, run)

    def unsettle(self, run: UUID, student: int | None) -> None:
        """After undoing a run, or what it did to one student: what it settled is asked again."""
        for guard, settled in self.settled.items():
            self.settled[guard] = {
                key: by
                for key, by in settled.items()
                if by != run or (student is not None and key != student)
            }

    def _still_missing(self, plan: Plan) -> set[int]:
        return {key for key in plan.missing if self.accounts[key].status == "active"}

    def _forget(self, lasting: Mapping[str, set[int]]) -> None:
        """Keep what is settled only for accounts of which the reason lasts."""
        for guard, keys in lasting.items():
            settled = self.settled[guard]
            self.settled[guard] = {key: run for key, run in settled.items() if key in keys}

    # --- what a plan writes

    def apply(self, plan: Plan, *, additions_only: bool = False) -> list[Row]:
        """Write a plan of the SIS; return the written rows.

        Accounts that people edited since are left alone.
        """
        rows = [row for row in plan.rows if not self.brings_in_unwanted(row)]
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

    def brings_in_unwanted(self, row: Row) -> bool:
        """Whether a row would bring in a student of the never import list."""
        address = row.address or ""
        return row.brings_in and (row.sis_id in self.never_ids or address in self.never_addresses)

    def write(self, rows: list[Row]) -> list[Row]:
        """Write rows, except those that were overtaken.

        The account was edited since, somebody else got the e-mail or the SIS ID, or the new student
        has got an account.
        """
        rows = [
            row
            for row in rows
            if not (self._has_arrived(row) if row.kind == "new" else self._was_edited(row))
        ]
        while clashes := [row for row in rows if self._is_taken(row, rows)]:
            rows = [row for row in rows if row not in clashes]
        for row in rows:
            self._write(row)
        return rows

    def _was_edited(self, row: Row) -> bool:
        return row.deeds != self.accounts[row.key].deeds

    def _has_arrived(self, row: Row) -> bool:
        """Return whether a new student has got an account since the row was planned.

        Another account has the name and the birth date by now; or, for a row of a file, the SIS ID
        or the number.
        """
        number, is_upload = row.after.get("student_number"), row.number is not None
        for one in self.students.values() if is_upload else ():
            if row.sis_id and one.sis_id == row.sis_id:
                return True
            if number and one.values["student_number"] == number:
                return True
        return bool(self.namesakes(row.after) - row.namesakes)

    def namesakes(self, values: Mapping[str, str]) -> frozenset[tuple[int, int]]:
        """Return the accounts with this name and birth date, each with its number of edits."""
        person = person_of(values)
        return frozenset(
            (key, one.deeds)
            for key, one in self.students.items()
            if person is not None and person_of(one.values) == person
        )

    def _is_taken(self, row: Row, rows: list[Row]) -> bool:
        """Return whether somebody has this SIS ID, or keeps this address in the same plan."""
        others = {key: one for key, one in self.accounts.items() if key != row.key}
        if row.after.get("sis_id"):
            source = self.accounts[row.key].source if row.key in self.accounts else ""
            link = row.after.get("source", source), row.after["sis_id"]
            moving = {other.key for other in rows if other.after.get("sis_id")}
            keeping = [one for key, one in others.items() if key not in moving]
            if any((one.source, one.sis_id) == link for one in keeping):
                return True
        if not row.address:
            return False
        key = self.holder(row.address)
        return (
            key is not None
            and key != row.key
            and not any(other.key == key and other.address is not None for other in rows)
        )

    def _write(self, row: Row) -> None:
        if row.kind == "new":
            values = dict.fromkeys(FIELDS, "")
            values |= {name: value for name, value in row.after.items() if name in FIELDS}
            self.accounts[row.key] = Account(
                row.after.get("sis_id", ""),
                values,
                row.after.get("source", ""),
                row.after.get("status", "active"),
            )
            return
        account = self.accounts[row.key]
        account.values |= {name: value for name, value in row.after.items() if name in FIELDS}
        account.status = row.after.get("status", account.status)
        account.sis_id = row.after.get("sis_id", account.sis_id)
        account.source = row.after.get("source", account.source)
        account.address = row.after.get("address", account.address)
        account.deeds += 1
