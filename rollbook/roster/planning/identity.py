"""Whether a record or a row is about an account's person: the same rules for syncs and uploads."""

from datetime import date
from typing import Final, NamedTuple, Protocol, TypeAlias

from rollbook.roster.values.names import name_key, same_first_name, same_name

# First name, last name and date of birth, each as it is compared.
PersonKey: TypeAlias = tuple[str, str, str]
MOST_YEARS_APART: Final = 2  # between two graduation years of one person


class Person(Protocol):
    """What is known about somebody. None means unknown; an unknown value contradicts nothing."""

    @property
    def first_name(self) -> str | None: ...
    @property
    def last_name(self) -> str | None: ...
    @property
    def birth_date(self) -> date | None: ...
    @property
    def email_key(self) -> str | None: ...
    @property
    def graduation_year(self) -> int | None: ...


class Named(NamedTuple):
    """A person of a spreadsheet's row, where anything may be missing."""

    first_name: str | None
    last_name: str | None
    birth_date: date | None
    email_key: str | None
    graduation_year: int | None


def is_other_person(person: Person, account: Person) -> bool:
    """Return whether a known ID now belongs to somebody else.

    Where both dates of birth are known, the date and the name differ. Where one is unknown, the
    first name, the last name and the e-mail differ. Where the account has one and the person brings
    none, a new name and e-mail are not written over it.
    """
    if person.birth_date is not None and account.birth_date is not None:
        return person.birth_date != account.birth_date and not names_agree(person, account)
    if person.email_key is None or person.email_key == account.email_key:
        return False
    if _first_names_differ(person, account) and _last_names_differ(person, account):
        return True
    return account.birth_date is not None and _is_new_under_old_date(person, account)


def _is_new_under_old_date(person: Person, account: Person) -> bool:
    """Return whether somebody without a date of birth is likely another one than the account's.

    Relatives share a last name, and an ID is given anew within a family. A last name alone changes
    with the e-mail when somebody marries, unless the class contradicts. An e-mail of which only the
    domain changed is still the same person's.
    """
    local_part, account_local_part = (
        each.email_key.partition("@")[0] if each.email_key else None for each in (person, account)
    )
    if local_part == account_local_part:
        return False
    if _first_names_differ(person, account):
        return True
    return _last_names_differ(person, account) and contradicts(person, account)


def contradicts(person: Person, account: Person) -> bool:
    """Return whether date of birth or class shows that two with one e-mail are two people."""
    if person.birth_date is not None and account.birth_date is not None:
        return person.birth_date != account.birth_date
    if person.graduation_year is None or account.graduation_year is None:
        return False
    return abs(person.graduation_year - account.graduation_year) > MOST_YEARS_APART


def names_agree(person: Person, account: Person) -> bool:
    """Return whether no known part of the name differs."""
    return not _first_names_differ(person, account) and not _last_names_differ(person, account)


def _first_names_differ(person: Person, account: Person) -> bool:
    name = person.first_name
    return name is not None and not same_first_name(name, account.first_name)


def _last_names_differ(person: Person, account: Person) -> bool:
    name = person.last_name
    return name is not None and not same_name(name, account.last_name)


def person_key(person: Person) -> PersonKey | None:
    """Return the name and the date of birth as they are compared; None where one is unknown."""
    return key_of(person.first_name, person.last_name, person.birth_date)


def key_of(
    first_name: str | None, last_name: str | None, birth_date: date | str | None
) -> PersonKey | None:
    """Return a name and a date of birth (or its ISO text) as they are compared."""
    if not first_name or not last_name or not birth_date:
        return None
    return name_key(first_name), name_key(last_name), str(birth_date)
