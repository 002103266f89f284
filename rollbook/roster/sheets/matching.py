"""Stop 3 for a spreadsheet: which account each row is for, and which rows contradict each other.

An upload has at most 50,000 rows, so the whole file is checked before any row is decided.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from rollbook.roster.sheets.rows import SheetRow
from rollbook.roster.values.identifiers import is_grouped, plain_digits

Conflict: TypeAlias = tuple[str, str]  # an issue code and the field that it is about


class SheetKey(NamedTuple):
    """The light form of an account that a file may be about. `id` are the 16 bytes of its UUID.

    `is_closed` says that it has left, graduated or was deactivated. `further_sis_ids` are those of
    other SISs that have the student.
    """

    id: bytes
    email_key: str
    sis_id: str | None
    student_number: str | None
    is_closed: bool = False
    further_sis_ids: tuple[str, ...] = ()


class RowKeys(NamedTuple):
    """What is kept of a row until the whole file has been read.

    `person` is the name and the date of birth, ready to be compared; None where one is missing.
    """

    number: int
    sis_id: str | None
    student_number: str | None
    email_key: str | None
    digest: bytes
    skipped: bool
    person: tuple[str, str, str] | None = None

    @classmethod
    def of(cls, row: SheetRow) -> "RowKeys":
        return cls(
            number=row.number,
            sis_id=row.values.get("sis_id"),
            student_number=row.values.get("student_number"),
            email_key=row.email_key,
            digest=row.digest,
            skipped=row.skipped,
            person=row.person_key,
        )


class RowMatch(NamedTuple):
    """The account of a row, None for a new one. `matched_by` is the field that both have."""

    account: SheetKey | None
    matched_by: str


class SheetCheck(NamedTuple):
    """The result for a whole file, by row number.

    `matches` has the rows that can be decided, `conflicts` the rows that contradict others,
    `repeats` those that say the same as an earlier row. `sharing` has for each row of an
    `email_shared` conflict all rows with that e-mail. `similar_ids` has for rows of an
    `id_reshaped` conflict the id of the account whose ID may be meant. `accounts` has the id of the
    account that a key of the row leads to, also where the row can't be decided. `holders` has the
    id of the account that has an e-mail now.
    """

    matches: dict[int, RowMatch]
    conflicts: dict[int, Conflict]
    repeats: frozenset[int]
    sharing: Mapping[int, list[int]]
    similar_ids: Mapping[int, bytes]
    accounts: Mapping[int, bytes]
    holders: Mapping[str, bytes]


class ReshapedId(NamedTuple):
    """An ID that a spreadsheet program may have changed, and the account that may have it."""

    field: str
    account: SheetKey | None


class _AccountIndex:
    """Accounts by each of their ids."""

    def __init__(self, accounts: Iterable[SheetKey]) -> None:
        self.by_sis_id: dict[str, list[SheetKey]] = {}
        self.by_number: dict[str, list[SheetKey]] = {}
        self.by_email: dict[str, SheetKey] = {}
        self._by_digits: dict[tuple[str, str], SheetKey] = {}
        for account in accounts:
            # Two SISs may have a student under the same SIS ID: that is one account, not two.
            for sis_id in {account.sis_id, *account.further_sis_ids} - {None}:
                self.by_sis_id.setdefault(str(sis_id), []).append(account)
            if account.student_number is not None:
                self.by_number.setdefault(account.student_number, []).append(account)
            self.by_email[account.email_key] = account
            for field in ("sis_id", "student_number"):
                if digits := plain_digits(getattr(account, field) or ""):
                    self._by_digits[field, digits] = account

    def reshaped_id(self, row: RowKeys) -> ReshapedId | None:
        """Return the first ID of a row that may be another one in the shape of a spreadsheet.

        No account has it as it is written. It has the digits of an account's ID, with more or
        fewer zeros in front (123 for 00123), or its digits are in groups (1,017 for 1017).
        """
        known = {"sis_id": self.by_sis_id, "student_number": self.by_number}
        for field, accounts in known.items():
            value = getattr(row, field)
            if not value or value in accounts:
                continue
            account = self._by_digits.get((field, plain_digits(value) or ""))
            if account is not None or is_grouped(value):
                return ReshapedId(field, account)
        return None

    def first(self, row: RowKeys) -> SheetKey | None:
        """Return the first account that a key of the row leads to, whatever else contradicts it."""
        by_id = self.by_sis_id.get(row.sis_id or "") or self.by_number.get(row.student_number or "")
        return by_id[0] if by_id else self.by_email.get(row.email_key or "")

    def match(self, row: RowKeys) -> RowMatch | Conflict:
        """Return the account of a row by SIS ID, else by student number, else by e-mail."""
        match = self._match(row)
        if isinstance(match, RowMatch) and self._is_number_of_another(row, match.account):
            return "ids_ambiguous", "sis_id"
        return match

    def _match(self, row: RowKeys) -> RowMatch | Conflict:
        by_sis_id = self.by_sis_id.get(row.sis_id, []) if row.sis_id else []
        by_number = self.by_number.get(row.student_number, []) if row.student_number else []
        if len(by_sis_id) > 1:
            return "ids_ambiguous", "sis_id"
        if by_sis_id:
            if by_number and by_sis_id[0] not in by_number:
                return "ids_disagree", "student_number"
            return RowMatch(by_sis_id[0], "sis_id")
        if len(by_number) > 1:
            return "ids_ambiguous", "student_number"
        if by_number:
            return self._checked(row, by_number[0], "student_number")
        account = self.by_email.get(row.email_key or "")
        if account is None:
            return RowMatch(None, "")
        return self._checked(row, account, "email")

    def _is_number_of_another(self, row: RowKeys, account: SheetKey | None) -> bool:
        """Return whether the row's SIS ID is the student number of an account other than its own.

        A column "Student ID" often has the school's own numbers, which are other students' SIS IDs.
        """
        others = self.by_number.get(row.sis_id or "", [])
        return any(account is None or other.id != account.id for other in others)

    def _checked(self, row: RowKeys, account: SheetKey, matched_by: str) -> RowMatch | Conflict:
        """Return a conflict where an id of the row differs from the one that the account has."""
        by_email = matched_by == "email"
        if row.sis_id and account.sis_id is not None:  # no account has the row's SIS ID
            if by_email and account.is_closed:
                return "email_taken", "email"
            return "ids_disagree", "sis_id"
        if by_email and row.student_number and account.student_number is not None:
            return "ids_disagree", "student_number"
        return RowMatch(account, matched_by)


def check_sheet(
    rows: Iterable[RowKeys], accounts: Iterable[SheetKey], *, accept_lookalikes: bool = False
) -> SheetCheck:
    """Find the account of every row, and the rows that can't be decided.

    New rows with one name and date of birth are a question, unless a person said that these are
    different students (`accept_lookalikes`).
    """
    check = _Check(rows, accounts)
    if not accept_lookalikes:
        check.find_reshaped_ids()
    check.find_repeated_rows()
    check.find_shared_emails()
    if not accept_lookalikes:
        check.find_lookalikes()
    decidable = {
        number: match for number, match in check.matches.items() if check.is_decidable(number)
    }
    return SheetCheck(
        matches=decidable,
        conflicts=check.conflicts,
        repeats=frozenset(check.repeats),
        sharing=check.sharing,
        similar_ids=check.similar_ids,
        accounts=check.accounts(),
        holders={address: key.id for address, key in check.index.by_email.items()},
    )


class _Check:
    """The check of one file. Each step adds to `conflicts`, `repeats` and `sharing`."""

    def __init__(self, rows: Iterable[RowKeys], accounts: Iterable[SheetKey]) -> None:
        self.index = _AccountIndex(accounts)
        self.rows = {row.number: row for row in rows}
        self.matches: dict[int, RowMatch] = {}
        self.conflicts: dict[int, Conflict] = {}
        self.repeats: set[int] = set()
        self.sharing: dict[int, list[int]] = {}
        self.similar_ids: dict[int, bytes] = {}
        for number, row in self.rows.items():
            match = self.index.match(row)
            if isinstance(match, RowMatch):
                self.matches[number] = match
            else:
                self.conflicts[number] = match

    def accounts(self) -> dict[int, bytes]:
        """Return the ids of the accounts that rows are about, by row number."""
        keys = {number: self.index.first(row) for number, row in self.rows.items()}
        return {number: key.id for number, key in keys.items() if key is not None}

    def is_decidable(self, number: int) -> bool:
        if number in self.conflicts or number in self.repeats:
            return False
        return not self.rows[number].skipped

    def find_reshaped_ids(self) -> None:
        """Find rows with an ID that a spreadsheet program may have changed."""
        for number, row in self.rows.items():
            reshaped = self.index.reshaped_id(row)
            if reshaped is None:
                continue
            self.conflicts[number] = ("id_reshaped", reshaped.field)
            if reshaped.account is not None:
                self.similar_ids[number] = reshaped.account.id

    def find_repeated_rows(self) -> None:
        """Find rows for the same student: equal ones count once, different ones are conflicts."""
        for (field, _value), numbers in self._rows_by_student().items():
            if len(numbers) == 1:
                continue
            if self._are_equal(numbers):
                self.repeats.update(numbers[1:])
                continue
            for number in numbers:
                self.conflicts.setdefault(number, ("row_repeated", field))

    def _rows_by_student(self) -> dict[tuple[str, object], list[int]]:
        """Return row numbers by account, by SIS ID and by student number, in the file's order."""
        groups: dict[tuple[str, object], list[int]] = {}
        for number, row in self.rows.items():
            match = self.matches.get(number)
            if match is not None and match.account is not None:
                groups.setdefault(("email", match.account.id), []).append(number)
            for field in ("sis_id", "student_number"):
                if value := getattr(row, field):
                    groups.setdefault((field, value), []).append(number)
        return groups

    def find_shared_emails(self) -> None:
        """Find rows with the same e-mail: equal ones count once, different ones are conflicts."""
        rows_of_email: dict[str, list[int]] = {}
        for number, row in self.rows.items():
            if row.email_key and number not in self.repeats:
                rows_of_email.setdefault(row.email_key, []).append(number)
        shared = ("email_shared", "email")
        for numbers in rows_of_email.values():
            if len(numbers) == 1:
                continue
            if self._are_equal(numbers):
                self.repeats.update(numbers[1:])
                continue
            for number in numbers:
                if self.conflicts.setdefault(number, shared) == shared:
                    self.sharing[number] = numbers

    def _are_equal(self, numbers: list[int]) -> bool:
        return len({self.rows[number].digest for number in numbers}) == 1

    def find_lookalikes(self) -> None:
        """Find new rows with the same name and date of birth: they may be one student."""
        rows_of_person: dict[tuple[str, str, str], list[int]] = {}
        for number, match in self.matches.items():
            person = self.rows[number].person
            if match.account is None and person is not None and self.is_decidable(number):
                rows_of_person.setdefault(person, []).append(number)
        for numbers in rows_of_person.values():
            if len(numbers) > 1:
                for number in numbers:
                    self.conflicts[number] = ("rows_alike", "birth_date")
                    self.sharing[number] = numbers
