"""Stop 3 for a spreadsheet: which account each row means, and which rows contradict each other. An upload has at most 50,000 rows, so
the whole file is judged before any row is decided.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from rollbook.roster.sheet_rows import SheetRow


class SheetKey(NamedTuple):
    """The light form of an account that a file's ids or addresses lead to. `id` are the 16 bytes of its UUID."""

    id: bytes
    email_key: str
    sis_id: str | None
    student_number: str | None


class RowKeys(NamedTuple):
    """What is kept of a row until the whole file has been read."""

    number: int
    sis_id: str | None
    student_number: str | None
    email_key: str | None
    digest: bytes
    skipped: bool

    @classmethod
    def of(cls, row: SheetRow) -> "RowKeys":
        return cls(
            row.number,
            row.said.get("sis_id"),
            row.said.get("student_number"),
            row.email_key,
            row.digest,
            row.skipped,
        )


class Found(NamedTuple):
    """The account of a row, None for a new one; `by` is the field that led to it."""

    account: SheetKey | None
    by: str


class Judged(NamedTuple):
    """`found` by row number, for the rows that can be decided; `problems` maps row numbers to (code, field); `repeats` are equal rows.

    `sharing` are all rows with the same e-mail, by the number of each row that is a problem for it.
    """

    found: dict[int, Found]
    problems: dict[int, tuple[str, str]]
    repeats: frozenset[int]
    sharing: Mapping[int, list[int]]


class _Known:
    """Accounts by each of their ids."""

    def __init__(self, accounts: Iterable[SheetKey]) -> None:
        self.by_sis_id: dict[str, list[SheetKey]] = {}
        self.by_number: dict[str, list[SheetKey]] = {}
        self.by_email: dict[str, SheetKey] = {}
        for account in accounts:
            if account.sis_id is not None:
                self.by_sis_id.setdefault(account.sis_id, []).append(account)
            if account.student_number is not None:
                self.by_number.setdefault(account.student_number, []).append(account)
            self.by_email[account.email_key] = account

    def find(self, row: RowKeys) -> Found | tuple[str, str]:
        """SIS ID, else student number, else e-mail; or the code and field of what contradicts."""
        by_sis_id = self.by_sis_id.get(row.sis_id, []) if row.sis_id else []
        by_number = self.by_number.get(row.student_number, []) if row.student_number else []
        if len(by_sis_id) > 1:
            return "ids_ambiguous", "sis_id"
        if by_sis_id:
            if by_number and by_sis_id[0] not in by_number:
                return "ids_disagree", "student_number"
            return Found(by_sis_id[0], "sis_id")
        if len(by_number) > 1:
            return "ids_ambiguous", "student_number"
        account, by = (
            (by_number[0], "student_number")
            if by_number
            else (self.by_email.get(row.email_key or ""), "email")
        )
        if account is None:
            return Found(None, "")
        if row.sis_id and account.sis_id is not None:
            return "ids_disagree", "sis_id"  # the account's own SIS ID is another one
        if by == "email" and row.student_number and account.student_number is not None:
            return "ids_disagree", "student_number"
        return Found(account, by)


def judge(rows: Iterable[RowKeys], accounts: Iterable[SheetKey]) -> Judged:
    """Find the account of every row, and the rows that are not to be decided because others contradict them."""
    known = _Known(accounts)
    found: dict[int, Found] = {}
    problems: dict[int, tuple[str, str]] = {}
    kept: dict[int, RowKeys] = {}
    groups: dict[tuple[str, object], list[int]] = {}
    for row in rows:
        kept[row.number] = row
        match = known.find(row)
        if isinstance(match, Found):
            found[row.number] = match
            if match.account is not None:
                groups.setdefault(("account", match.account.id), []).append(row.number)
        else:
            problems[row.number] = match
        for field in ("sis_id", "student_number"):
            if value := getattr(row, field):
                groups.setdefault((field, value), []).append(row.number)
    repeats = _repeated(groups, kept, problems)
    sharing = _shared(kept, problems, repeats)
    _taken(kept, found, problems, repeats, known)
    going = {
        number: match
        for number, match in found.items()
        if number not in problems and number not in repeats
    }
    return Judged(
        {number: match for number, match in going.items() if not kept[number].skipped},
        problems,
        frozenset(repeats),
        sharing,
    )


def _repeated(
    groups: Mapping[tuple[str, object], list[int]],
    kept: Mapping[int, RowKeys],
    problems: dict[int, tuple[str, str]],
) -> set[int]:
    """Rows for one student: equal ones count once, of different ones none is taken."""
    repeats: set[int] = set()
    for (by, _value), numbers in groups.items():
        if len(numbers) == 1:
            continue
        if len({kept[number].digest for number in numbers}) == 1:
            repeats.update(numbers[1:])
        else:
            for number in numbers:
                problems.setdefault(number, ("row_repeated", "email" if by == "account" else by))
    return repeats


def _shared(
    kept: Mapping[int, RowKeys], problems: dict[int, tuple[str, str]], repeats: set[int]
) -> dict[int, list[int]]:
    """Two rows with one e-mail: neither is taken, unless they say the same. Returns the rows that share one, by each of them."""
    sharing: dict[int, list[int]] = {}
    claims: dict[str, list[int]] = {}
    for number, row in kept.items():
        if row.email_key and number not in repeats:
            claims.setdefault(row.email_key, []).append(number)
    for numbers in claims.values():
        if len(numbers) > 1 and len({kept[number].digest for number in numbers}) == 1:
            repeats.update(numbers[1:])
        elif len(numbers) > 1:
            for number in numbers:
                if problems.setdefault(number, ("email_shared", "email")) == (
                    "email_shared",
                    "email",
                ):
                    sharing[number] = numbers
    return sharing


def _taken(
    kept: Mapping[int, RowKeys],
    found: Mapping[int, Found],
    problems: dict[int, tuple[str, str]],
    repeats: set[int],
    known: _Known,
) -> None:
    """Claims on an address that another account keeps. An account that gets another address itself frees its own; swaps pass."""

    def goes_in(number: int) -> bool:
        return number not in problems and number not in repeats and not kept[number].skipped

    row_of = {
        match.account.id: number
        for number, match in found.items()
        if match.account is not None and goes_in(number)
    }
    claimant = {
        row.email_key: number
        for number, row in kept.items()
        if row.email_key and number in found and goes_in(number)
    }
    waiting = [
        (address, number) for address, number in claimant.items() if address in known.by_email
    ]
    while waiting:
        address, number = waiting.pop()
        holder, own = known.by_email.get(address), found[number].account
        if not goes_in(number) or holder is None or (own is not None and own.id == holder.id):
            continue
        holders_row = row_of.get(holder.id)
        if (
            holders_row is not None
            and goes_in(holders_row)
            and kept[holders_row].email_key not in (None, address)
        ):
            continue
        problems[number] = ("email_taken", "email")
        if own is not None and own.email_key in claimant:  # its own address stays taken now
            waiting.append((own.email_key, claimant[own.email_key]))
