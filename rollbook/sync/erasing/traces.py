"""All that told a student: IDs, e-mails, names and dates of birth, now and earlier."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Q

from rollbook.roster.planning import erased
from rollbook.roster.planning.identity import key_of
from rollbook.roster.records import LINK_KEY
from rollbook.roster.values.parsing import email_key
from rollbook.sources.registry import SOURCES
from rollbook.students.models import (
    AccountEvent,
    EmailAlias,
    FurtherLink,
    Invitation,
    StudentAccount,
)
from rollbook.sync.models import Change, LinkDecision
from rollbook.sync.models.link import Verdict

# The shortest text that is looked for inside other texts: "7" is in every second one.
SHORTEST: Final = 4


class Traces(NamedTuple):
    """What told one student. `sis_ids` are pairs of a source and an ID; "" for no source.

    `email_keys` are the sign-in e-mails, except those that another student has now. `births` are
    pairs of a name and a date of birth as they are compared. `texts` are what may stand in texts:
    full names, e-mails and long IDs.
    """

    account_ids: frozenset[UUID]
    sis_ids: frozenset[tuple[str, str]]
    email_keys: frozenset[str]
    names: frozenset[str]
    births: frozenset[tuple[str, str, str]]
    texts: frozenset[str]

    def tombstones(self) -> Iterator[tuple[str, str]]:
        """Yield what is stored as digests: pairs of a field and a value."""
        for source, sis_id in self.sis_ids:
            yield erased.ANY_SIS_ID, sis_id
            for each in [source] if source in SOURCES else SOURCES:
                yield erased.SIS_ID, erased.sis_id_text(each, sis_id)
        for address in self.email_keys:
            yield erased.EMAIL, address
        for person in self.births:
            yield erased.PERSON, erased.person_text(person)

    def is_in(self, text: str) -> bool:
        """Return whether a text holds something of the student, in any letter case."""
        folded = text.casefold()
        return any(each in folded for each in self.texts)


class _Collected:
    """Collects what told a student from all rows about the account."""

    def __init__(self) -> None:
        self.sis_ids: set[tuple[str, str]] = set()
        self.emails: set[str] = set()
        self.other_texts: set[str] = set()  # personal e-mails, student numbers
        self.firsts: set[str] = set()
        self.lasts: set[str] = set()
        self.births: set[str] = set()

    def add(self, source: str, values: Mapping[str, Any]) -> None:
        """Add the values of an account, of a change, or of what a change had before."""
        source = str(values.get("source") or source or "")
        for field, value in values.items():
            if not value:
                continue
            text = str(value)
            if field == "sis_id":
                self.sis_ids.add((source, text))
            elif field.startswith(LINK_KEY):
                self.sis_ids.add((field.removeprefix(LINK_KEY), text))
            elif field == "email":
                self.emails.add(text)
            elif field in ("personal_email", "student_number"):
                self.other_texts.add(text)
            elif field in ("first_name", "preferred_name"):
                self.firsts.add(text)
            elif field == "last_name":
                self.lasts.add(text)
            elif field == "birth_date":
                self.births.add(text)


COLUMNS: Final = (
    *("source", "sis_id", "email", "personal_email", "student_number"),
    *("first_name", "preferred_name", "last_name", "birth_date"),
)


def traces_of(accounts: Iterable[StudentAccount]) -> Traces:
    """Return what told the student of these accounts, merged ones among them."""
    accounts = list(accounts)
    ids, school_id = [account.pk for account in accounts], accounts[0].school_id
    collected = _Collected()
    for account in accounts:
        collected.add("", {column: getattr(account, column) for column in COLUMNS})
    of_accounts = {"school_id": school_id, "account_id__in": ids}
    for source, sis_id in FurtherLink.objects.filter(**of_accounts).values_list("source", "sis_id"):
        collected.sis_ids.add((source, sis_id))
    decisions = LinkDecision.objects.filter(**of_accounts, verdict=Verdict.CONFIRMED)
    collected.sis_ids.update(decisions.values_list("source", "sis_id"))
    collected.emails.update(
        EmailAlias.objects.filter(**of_accounts).values_list("email", flat=True)
    )
    invited = Invitation.objects.filter(**of_accounts).values_list("address", flat=True)
    collected.emails.update(invited)
    for event in AccountEvent.objects.filter(**of_accounts):
        collected.add("", event.before)
        collected.add("", event.after)
    for change in Change.objects.filter(**of_accounts).select_related("run"):
        source = change.run.link_source
        collected.add(source, change.before)
        collected.add(source, change.after)
    return _traces(school_id, ids, collected)


def _traces(school_id: UUID, ids: list[UUID], collected: _Collected) -> Traces:
    others = StudentAccount.objects.filter(school_id=school_id).exclude(pk__in=ids)
    keys = {email_key(each) for each in collected.emails}
    keys -= set(others.filter(email_key__in=keys).values_list("email_key", flat=True))
    sis_ids = collected.sis_ids - _of_others(school_id, ids, collected.sis_ids)
    names = {f"{first} {last}" for first in collected.firsts for last in collected.lasts}
    persons = {
        key_of(first, last, birth)
        for first in collected.firsts
        for last in collected.lasts
        for birth in collected.births
    }
    long_ids = {sis_id for _source, sis_id in sis_ids}
    turned = {f"{last}, {first}" for first in collected.firsts for last in collected.lasts}
    texts = keys | names | turned | collected.other_texts | long_ids
    return Traces(
        account_ids=frozenset(ids),
        sis_ids=frozenset(sis_ids),
        email_keys=frozenset(keys),
        names=frozenset(names),
        births=frozenset(person for person in persons if person is not None),
        texts=frozenset(each.casefold() for each in texts if len(each) >= SHORTEST),
    )


def _of_others(
    school_id: UUID, ids: list[UUID], sis_ids: Iterable[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those SIS IDs that another account of the school has now."""
    here = Q(school_id=school_id, sis_id__in=[sis_id for _source, sis_id in sis_ids])
    accounts = StudentAccount.objects.filter(here).exclude(pk__in=ids)
    further = FurtherLink.objects.filter(here).exclude(account_id__in=ids)
    pairs = accounts.values_list("source", "sis_id")
    first = {(source, sis_id) for source, sis_id in pairs if sis_id is not None}
    return first.union(further.values_list("source", "sis_id"))
