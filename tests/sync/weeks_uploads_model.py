"""What an upload plans: docs/uploads.md, worked out without any code of the app.

A file is a table of texts. Its rows are numbered as a spreadsheet program does: the first is 2.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tests.sync.weeks_links_model import contradict, is_other_person
from tests.sync.weeks_model import Model
from tests.sync.weeks_plan import MANY, Account, FilePlan, Row, bare_name, person_of

REQUIRED = ("email", "first_name", "last_name", "graduation_year")
IDS = ("sis_id", "student_number")
NO_ID = ("TBD", "N/A", "0", "-")
BROKEN = ("Zo\u00c3\u00ab", "Zo?")
CONFLICT = -1

Values = Mapping[str, str]


class File(NamedTuple):
    """A file as its cells are understood, and how it is to be taken."""

    rows: dict[int, Values]
    only_existing: bool = False
    different_people: bool = False


def read(cells: Values) -> Values:
    """Return what a row says: without blanks, and without what is no ID."""
    said = {name: text for name, text in cells.items() if text}
    for name in IDS:
        text = said.get(name, "").removesuffix(".0")
        said.pop(name, None)
        if text.strip("0") and text not in NO_ID:
            said[name] = text
    return said


def plan(model: Model, file: File) -> FilePlan:
    """Return what confirming the file would write."""
    return _Upload(model, file).plan()


class _Upload:
    def __init__(self, model: Model, file: File) -> None:
        self.model, self.file = model, file
        self.key_of = {number: self._find(row) for number, row in file.rows.items()}
        self.refused = {number for number, key in self.key_of.items() if key == CONFLICT}
        self.repeated: set[int] = set()
        self.others: set[int] = set()  # rows with a known ID that are about somebody else
        self.unwanted: set[int] = set()  # new students of the never import list

    def plan(self) -> FilePlan:
        rows = self.file.rows
        if not self.file.different_people:
            self.refused |= {number for number, row in rows.items() if self._is_reshaped(row)}
        self._compare_rows()
        if not self.file.different_people:
            self.refused |= self._new_ones_alike()
        for number in self._open():
            self._look_at(number)
        while late := {number for number in self._open() if self._has_taken_address(number)}:
            self.refused |= late
        if not self.file.different_people:
            self.refused |= self._alike()
        planned = [self._row(number) for number in sorted(self._open())]
        written = [row for row in planned if row.after and not self._is_protected(row.key)]
        return FilePlan(written, self.refused, self._listed(planned), self._alarms(written))

    def _open(self) -> set[int]:
        return self.file.rows.keys() - self.refused - self.repeated - self.unwanted

    def _find(self, row: Values) -> int | None:
        """Return the account of a row, None for a new student, CONFLICT where it is unclear."""
        key = self._find_by_keys(row)
        others = {
            each
            for each, one in self.model.students.items()
            if row.get("sis_id") and one.values["student_number"] == row["sis_id"]
        }
        return CONFLICT if others - {key} else key

    def _find_by_keys(self, row: Values) -> int | None:
        by_id = self._with("sis_id", row)
        by_number = self._with("student_number", row)
        if len(by_id) > 1:
            return CONFLICT
        if by_id:
            return next(iter(by_id)) if by_id <= by_number or not by_number else CONFLICT
        if len(by_number) > 1:
            return CONFLICT
        holder = self.model.holder(row.get("email", ""))
        key = next(iter(by_number)) if by_number else holder
        if key is None:
            return None
        account = self.model.accounts[key]
        other_id = "sis_id" in row and account.sis_id
        other_number = (
            not by_number and "student_number" in row and account.values["student_number"]
        )
        return CONFLICT if other_id or other_number else key

    def _with(self, name: str, row: Values) -> set[int]:
        return {
            key
            for key, one in self.model.students.items()
            if name in row and one.held[name] == row[name]
        }

    def _is_reshaped(self, row: Values) -> bool:
        """Whether no account has an ID as it is written, but one has it with other zeros."""
        return any(
            name in row
            and not self._with(name, row)
            and any(
                one.held[name].lstrip("0") == row[name].lstrip("0")
                for one in self.model.students.values()
            )
            for name in IDS
        )

    def _compare_rows(self) -> None:
        """Find rows about one student: equal ones count once, all others are problems."""
        for names in (("sis_id", "student_number", "account"), ("email",)):
            groups: dict[tuple[str, object], list[int]] = {}
            for number, row in self.file.rows.items():
                values = {
                    **row,
                    "email": row.get("email", "").lower(),
                    "account": self._key(number),
                }
                for name in names:
                    if values.get(name) and (name != "email" or number not in self.repeated):
                        groups.setdefault((name, values[name]), []).append(number)
            for numbers in groups.values():
                if all(self.file.rows[number] == self.file.rows[numbers[0]] for number in numbers):
                    self.repeated.update(numbers[1:])
                else:
                    self.refused.update(numbers)
        self.refused -= self.repeated

    def _key(self, number: int) -> int | None:
        key = self.key_of[number]
        return None if key == CONFLICT else key

    def _look_at(self, number: int) -> None:
        """Refuse a row for what it says itself, and against its account."""
        row, key, model = self.file.rows[number], self.key_of[number], self.model
        if key is not None:
            account = model.accounts[key]
            if not account.protected and self._is_broken(row, account):
                self.refused.add(number)
            elif self._is_somebody_else(row, account):
                self.refused.add(number)
                if self._is_by_id(row, account):
                    self.others.add(number)
            return
        address = row.get("email", "").lower()
        if address in model.merged_addresses():
            self.refused.add(number)
        elif row.get("sis_id") in model.never_ids or address in model.never_addresses:
            self.unwanted.add(number)
        elif self.file.only_existing or self._cannot_be_made(row):
            self.refused.add(number)

    def _cannot_be_made(self, row: Values) -> bool:
        """Whether a new student lacks a required value or has a name with broken letters."""
        if any(name not in row for name in REQUIRED):
            return True
        return row["first_name"] in BROKEN or row["last_name"] in BROKEN

    def _is_somebody_else(self, row: Values, account: Account) -> bool:
        if self._is_by_id(row, account):
            return is_other_person(row, account)
        was = account.values
        name = "first_name"
        other_name = name in row and bare_name(row[name]) != bare_name(was[name])
        return other_name or contradict(row, was)

    def _is_broken(self, row: Values, account: Account) -> bool:
        """Whether the row would give the account a name with broken letters."""
        return any(
            row.get(name) in BROKEN and name not in account.locked
            for name in ("first_name", "last_name")
        )

    def _is_by_id(self, row: Values, account: Account) -> bool:
        return any(name in row and account.held[name] == row[name] for name in IDS)

    def _has_taken_address(self, number: int) -> bool:
        """Whether another account keeps the e-mail that the row wants."""
        address, key = self._wanted(number), self.key_of[number]
        holder = self.model.holder(address or "")
        if holder is None or holder == key:
            return False
        movers = [each for each in self._open() if self.key_of[each] == holder]
        return not any(self._wanted(each) not in (None, address) for each in movers)

    def _wanted(self, number: int) -> str | None:
        """Return the e-mail that a row gives its account; none where a person fixed it."""
        key = self.key_of[number]
        if key is not None:
            account = self.model.accounts[key]
            if account.protected or "email" in account.locked:
                return None
        address = self.file.rows[number].get("email")
        return address.lower() if address else None

    def _new_ones_alike(self) -> set[int]:
        """Return new students with the name and birth date of another one in the file."""
        people = {
            number: person_of(self.file.rows[number])
            for number in self._open()
            if self.key_of[number] is None
        }
        often = Counter(people.values())
        return {number for number, person in people.items() if person and often[person] > 1}

    def _alike(self) -> set[int]:
        """Return new students with the name and birth date of an account, before or after this."""
        people = {person_of(one.values) for one in self.model.students.values()}
        rows = [self._row(number) for number in self._open()]
        for row in rows:
            if row.kind != "new" and not self._is_protected(row.key):
                people.add(person_of(self.model.accounts[row.key].values | row.after))
        new = [row for row in rows if row.kind == "new" and person_of(row.after)]
        return {row.number for row in new if row.number and person_of(row.after) in people}

    def _row(self, number: int) -> Row:
        said, key = dict(self.file.rows[number]), self.key_of[number]
        active = {"TRUE": "active", "FALSE": "deactivated"}.get(said.pop("active", ""))
        if key is None:
            after = said | {"address": said["email"].lower(), "source": ""}
            if active:
                after["status"] = active
            same = self.model.namesakes(said)
            sis_id = said.get("sis_id", "")
            return Row("new", self.model.new_key(), sis_id, {}, after, 0, number, same)
        account = self.model.accounts[key]
        after = self._differing(said, account, account.locked)
        if active == "active" or (active and account.status == "active"):
            if active != account.status:
                after["status"] = active
            if after.get("status") == "active" and not account.address and "email" not in after:
                own = account.values["email"]
                after |= {"email": own, "address": own.lower()}
        before = {name: account.held[name] for name in after}
        return Row("updated", key, account.sis_id, before, after, account.deeds, number)

    def _differing(self, said: Values, account: Account, locked: set[str]) -> dict[str, str]:
        after = {
            name: text
            for name, text in said.items()
            if name not in locked and name != "email" and text != account.held[name]
        }
        own = account.address or account.values["email"].lower()
        if "email" in said and "email" not in locked and said["email"].lower() != own:
            after |= {"email": said["email"], "address": said["email"].lower()}
        return after

    def _is_protected(self, key: int) -> bool:
        return key in self.model.accounts and self.model.accounts[key].protected

    def _listed(self, planned: list[Row]) -> set[tuple[str, int]]:
        listed = {("never_imported", number) for number in self.unwanted}
        for row in planned:
            if row.kind == "new" or row.number is None:
                continue
            account = self.model.accounts[row.key]
            held_back = self._differing(
                {n: t for n, t in self.file.rows[row.number].items() if n != "active"},
                account,
                set(),
            )
            if (row.after and account.protected) or (held_back and not row.after):
                listed.add(("protected", row.number))
        return listed

    def _alarms(self, written: list[Row]) -> set[str]:
        """Return the guards that ask a second time."""
        updates = [row for row in written if row.kind == "updated"]
        known = {number: self._first_key(row) for number, row in self.file.rows.items()}
        expected = {key for key in known.values() if key is not None}
        wrong = {
            known[number] for number in self.refused - self.others if known[number] is not None
        }
        numbers = {
            "emails": (sum("address" in row.after for row in updates), 20),
            "names": (
                sum(bool(row.after.keys() & {"first_name", "last_name"}) for row in updates),
                20,
            ),
            "other_rows": (len(self.others), 5),
            "row_errors": (len(wrong), 20),
        }
        return {
            name
            for name, (number, percent) in numbers.items()
            if number > MANY and expected and 100 * number / len(expected) > percent
        }

    def _first_key(self, row: Values) -> int | None:
        by_id = self._with("sis_id", row) or self._with("student_number", row)
        return next(iter(by_id), None) or self.model.holder(row.get("email", ""))
