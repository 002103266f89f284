"""A school with a small PowerSchool, what people decide there, and the laws of identity."""

import csv
import io
from itertools import combinations
from typing import Any, NamedTuple

from rollbook.roster.values.names import name_key
from rollbook.schools.models import School
from rollbook.sources.spreadsheet.errors import UploadRefused
from rollbook.students import (
    accounts,
    editing,
    lookalikes,
    merging,
    never_import_list,
    protection,
)
from rollbook.students.models import AccountStatus, Lookalike, StudentAccount
from rollbook.students.refused import Refused
from rollbook.sync import pipeline, undoing
from rollbook.sync.models import Integration, Run, RunState, Trigger
from rollbook.sync.refusals import RunRefused, SettingRefused
from rollbook.sync.runs import decisions, requests
from rollbook.sync.setup import field_rules, integrations, link_decisions
from rollbook.sync.uploads import column_choice, drafts, previews
from tests.cases.schools import powerschool_student
from tests.sources.loopback import SmallSchool

COLUMNS = ("sis_id", "number", "first_name", "last_name", "email", "graduation_year", "birth_date")
FIELDS = {"number": "student_number"}  # the other columns are named as our fields


class Person(NamedTuple):
    """An account as the two laws see it."""

    sis_id: str | None
    first_name: str
    last_name: str
    born: str
    email: str
    status: str

    @property
    def names(self) -> tuple[str, str]:
        return name_key(self.first_name), name_key(self.last_name)

    def is_like(self, other: "Person") -> bool:
        return bool(self.born) and (self.names, self.born) == (other.names, other.born)

    def is_somebody_else(self, other: "Person") -> bool:
        """Whether the name and the birth date differ, or both names and the e-mail."""
        if self.born and other.born:
            return self.born != other.born and self.names != other.names
        both_differ = all(
            one != another for one, another in zip(self.names, other.names, strict=True)
        )
        return both_differ and self.email != other.email


People = dict[Any, Person]


def people(school: School) -> People:
    kept = StudentAccount.objects.filter(school=school).exclude(status=AccountStatus.MERGED)
    return {
        account.pk: Person(
            account.sis_id,
            account.first_name,
            account.last_name,
            str(account.birth_date or ""),
            account.email_key,
            account.status,
        )
        for account in kept
    }


class World:
    """A school, its small PowerSchool, and what people decided."""

    def __init__(self, small: SmallSchool) -> None:
        self.small = small
        self.school = School.objects.create(name="Lincoln", timezone="UTC")
        self.integration: Integration = integrations.save_connection(
            self.school,
            None,
            integrations.ConnectionSettings(
                source="powerschool",
                variant="",
                choices={},
                credentials={
                    "client_id": small.client_id,
                    "client_secret": small.client_secret,
                    "client_url": small.server.url,
                },
                grades=[10],
                active=True,
                test_run=False,
                notify_on_errors=False,
            ),
        )
        policy = field_rules.LeaversPolicy(policy="deactivate", runs=1, days=0, rollover="07-01")
        field_rules.save_leavers(self.integration, None, policy)
        self.confirmed: set[tuple[Any, str]] = set()
        self.rejected: set[tuple[Any, str]] = set()

    def upload(self, table: list[dict[str, str]], left_out: set[str]) -> None:
        columns = [column for column in COLUMNS if column not in left_out]
        target = io.StringIO()
        writer = csv.DictWriter(target, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
        only_existing = bool(left_out & {"first_name", "last_name", "email", "graduation_year"})
        try:
            draft = drafts.start(
                self.school,
                None,
                "students.csv",
                target.getvalue().encode(),
                date_order="year-month-day",
                only_existing=only_existing,
            )
            fields = {at: FIELDS.get(name, name) for at, name in enumerate(columns)}
            column_choice.save_columns(draft, None, header_row=1, fields=fields)
            run = previews.preview(draft, None)
            pipeline.run_sync(run.pk)
            if previews.confirm(draft, None):
                pipeline.run_sync(run.pk)
        except (SettingRefused, UploadRefused, RunRefused):
            return

    def set_roster(self, roster: list[dict[str, str]]) -> None:
        self.small.students = [
            powerschool_student(
                {
                    **{name: value for name, value in record.items() if value},
                    "id": int(record["sis_id"]),
                    "graduation_year": int(record["graduation_year"]),
                    "grade": 10,
                }
            )
            for record in roster
        ]

    def sync(self, roster: list[dict[str, str]], approve: bool) -> None:
        self.set_roster(roster)
        try:
            run = requests.request(self.integration, trigger=Trigger.PERSON).run
        except RunRefused:
            return
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert run.state in (RunState.DONE, RunState.ON_HOLD, RunState.FAILED)
        if run.state == RunState.ON_HOLD:
            self._decide(run, approve)

    def _decide(self, run: Run, approve: bool) -> None:
        if not approve:
            assert decisions.discard(run, None)
            return
        assert decisions.approve(run, None)
        pipeline.run_sync(run.pk)

    def account(self, sis_id: str) -> StudentAccount | None:
        with_id = StudentAccount.objects.filter(school=self.school, sis_id=sis_id)
        return with_id.exclude(status=AccountStatus.MERGED).first()

    def person_decides(self, what: str, one: str, other: str) -> None:
        account, second = self.account(one), self.account(other)
        if what == "never":
            never_import_list.add(self.school, None, sis_id=one)
        elif what == "link":
            self._decide_link(other in "135")
        elif what == "undo":
            self._undo()
        elif what == "different":
            for question in lookalikes.open_questions(self.school)[:1]:
                assert lookalikes.decide_different(question, None)
        elif account is None:
            return
        elif what == "protect":
            protection.protect(account, None)
        elif what == "keep":
            editing.edit(account, None, {}, keep=["first_name"])
        elif what == "reopen":
            accounts.reactivate(self.school, [account.pk], None)
        elif what == "rename" and second is not None:
            names = ("first_name", "last_name", "birth_date")
            editing.edit(account, None, {name: str(getattr(second, name) or "") for name in names})
        elif second is not None and second.pk != account.pk:
            try:
                merging.merge(account, second, None)
            except Refused:
                return

    def _undo(self) -> None:
        """Undo the last run that can be undone, whatever was done since."""
        for run in Run.objects.filter(school=self.school).order_by("-requested_at"):
            if undoing.is_undoable(run) and not run.is_undo:
                undo = undoing.preview(run, None)
                try:
                    confirmed = undoing.confirm(undo, None)
                except RunRefused:  # a preview of another run is in the way
                    return
                if confirmed:
                    pipeline.run_sync(undo.pk)
                return

    def _decide_link(self, same: bool) -> None:
        proposal = link_decisions.undecided(self.school).first()
        if proposal is None:
            return
        pair = (proposal.account_id, proposal.sis_id)
        if not same:
            link_decisions.reject(proposal, None)
            self.rejected.add(pair)
            return
        try:
            link_decisions.confirm(proposal, None)
        except link_decisions.LinkRefused:
            return
        self.confirmed.add(pair)

    def check(self, before: People, after: People) -> None:
        for key, was in before.items():
            now = after.get(key)
            if now is None or (key, now.sis_id) in self.confirmed:
                continue
            assert not was.is_somebody_else(now), (was, now)
        for key in after.keys() - before.keys():
            self._check_new(key, before, after)

    def _check_new(self, key: Any, before: People, after: People) -> None:
        new = after[key]
        for other_key, other in after.items():
            if other_key == key or other.status != AccountStatus.ACTIVE:
                continue
            if (other_key, new.sis_id) in self.rejected:
                continue
            if other_key not in before:  # the run made both: they are asked about
                continue
            assert not new.is_like(other), (new, other)

    def check_questions(self, now: People) -> None:
        """Two open accounts that are alike have a question, open or decided."""
        asked = {
            frozenset((each.account_id, each.other_id))
            for each in Lookalike.objects.filter(school=self.school)
        }
        is_open = [item for item in now.items() if item[1].status == AccountStatus.ACTIVE]
        for (key, person), (other_key, other) in combinations(is_open, 2):
            assert not person.is_like(other) or {key, other_key} in asked, (person, other)


def record(sis_id: str, email: str, first_name: str = "Ana") -> dict[str, str]:
    return {
        "sis_id": sis_id,
        "number": "",
        "first_name": first_name,
        "last_name": "Lee",
        "email": f"{email}@x.example",
        "graduation_year": "2028",
        "birth_date": "2010-01-02",
    }
