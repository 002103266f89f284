"""Files that somebody uploads in the weeks of a school: about students, new ones, and mixed up."""

import csv
import io
from typing import Any, NamedTuple

from hypothesis import strategies as st

from rollbook.sync import pipeline
from rollbook.sync.models import Change, Issue, Run, RunState, Upload
from rollbook.sync.refusals import RunRefused
from rollbook.sync.uploads import column_choice, drafts, previews
from tests.sync import weeks_uploads_model as model
from tests.sync.weeks import Weeks, names, somebody
from tests.sync.weeks_plan import FilePlan
from tests.sync.weeks_uploads_model import IDS, REQUIRED, File

COLUMNS = ("sis_id", "student_number", *REQUIRED, "birth_date", "active")
NEW = {
    "first_name": "Zoë",
    "last_name": "Lee",
    "graduation_year": "2029",
    "birth_date": "2010-02-03",
}

Rows = dict[int | None, Any]  # what becomes of each row of a file, by its number

births = st.sampled_from(["", "2010-02-03", "2009-09-09"])
addresses = st.sampled_from([f"new{number}@students.example" for number in (1, 2, 3)])
some_names = st.one_of(names, st.sampled_from(["Zo\u00c3\u00ab", "Zo?"]))
# What a cell holds instead. A text with a colon is looked up: the value of another student.
cells = st.one_of(
    st.tuples(st.sampled_from(["first_name", "last_name"]), some_names),
    st.tuples(st.just("email"), addresses),
    st.tuples(st.just("birth_date"), births),
    st.tuples(st.just("graduation_year"), st.sampled_from(["2024", "2029", "2031"])),
    st.tuples(st.just("active"), st.sampled_from(["TRUE", "FALSE"])),
    st.tuples(
        st.sampled_from(IDS),
        st.sampled_from(["TBD", "N/A", "0", "running", "with zeros", "with .0", "70001", "70002"]),
    ),
    st.tuples(st.sampled_from([*IDS, "email"]), st.tuples(st.just("of"), somebody)),
    st.tuples(st.just("sis_id"), st.tuples(st.just("number of"), somebody)),
    st.tuples(st.just("everything"), st.just("somebody else")),
)
file_rows = st.fixed_dictionaries(
    {
        "about": st.sampled_from(["account", "account", "record", "new"]),
        "pick": somebody,
        "known_by": st.sets(st.sampled_from([*IDS, "email"]), min_size=1),
        "cells": st.lists(cells, max_size=3),
    }
)
files = st.fixed_dictionaries(
    {
        "rows": st.lists(file_rows, min_size=1, max_size=5),
        "left_out": st.sets(
            st.sampled_from(["sis_id", "student_number", "birth_date", "active", "last_name"]),
            max_size=2,
        ),
        "everybody": st.sampled_from(["", "", "", "", "names moved", "new addresses", "ids moved"]),
        "only_existing": st.sampled_from([False, False, True]),
        "different_people": st.sampled_from([False, False, False, True]),
    }
)


class Previewed(NamedTuple):
    """An upload with its preview, and what the model says of it."""

    upload: Upload
    run: Run
    plan: FilePlan


class Uploads(Weeks):
    """What is done with files."""

    stored: dict[int, Any]

    def preview(self, told: dict[str, Any]) -> Previewed:
        """Make a file, and the preview of it that the model says."""
        columns = [name for name in COLUMNS if name not in told["left_out"]]
        table = [self._cells(spec, at) for at, spec in enumerate(told["rows"], 1)]
        table += self._everybody(told["everybody"])
        table = [{name: row.get(name, "") for name in columns} for row in table]
        only_existing = told["only_existing"] or not set(columns) >= set(REQUIRED)
        file = File(
            {at: said for at, row in enumerate(table, 2) if (said := model.read(row))},
            only_existing,
            told["different_people"],
        )
        upload = self._start(table, columns, file)
        run = previews.preview(upload, None)
        plan = model.plan(self.model, file)
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error_what) == (RunState.PREVIEW, "")
        self._is_as_planned(run, plan, file)
        return Previewed(upload, run, plan)

    def confirm(self, previewed: Previewed) -> bool:
        """Confirm a preview, a second time where guards ask. Returns False if that is refused."""
        upload, run, plan = previewed
        try:
            if plan.alarms:
                self._is_refused("alarms_unconfirmed", upload, accept=False)
            assert previews.confirm(upload, None, accept_alarms=True)
        except RunRefused as refused:
            assert refused.code == "run_active"
            return False
        pipeline.run_sync(run.pk)
        run.refresh_from_db()
        assert (run.state, run.error_what) == (RunState.DONE, "")
        return True

    def _is_refused(self, code: str, upload: Upload, *, accept: bool) -> None:
        try:
            previews.confirm(upload, None, accept_alarms=accept)
        except RunRefused as refused:
            assert refused.code == code
        else:
            raise AssertionError(f"confirmed without {code}")

    def _start(self, table: list[dict[str, str]], columns: list[str], file: File) -> Upload:
        target = io.StringIO()
        writer = csv.DictWriter(target, columns)
        writer.writeheader()
        writer.writerows(table)
        upload = drafts.start(
            self.school,
            None,
            "students.csv",
            target.getvalue().encode(),
            date_order="year-month-day",
            only_existing=file.only_existing,
            accept_lookalikes=file.different_people,
        )
        fields = dict(enumerate(columns))
        column_choice.save_columns(upload, None, header_row=1, fields=fields)
        return upload

    def _is_as_planned(self, run: Run, plan: FilePlan, file: File) -> None:
        """Compare a preview with the model's plan, and note the accounts that it will make."""
        found: Rows = {}
        for issue in Issue.objects.filter(run=run, severity="error"):
            found[issue.row_number] = "refused"
        for one in Change.objects.filter(run=run):
            values = (one.sis_id or "", shown(one.before), shown(one.after))
            is_listed = one.kind in ("protected", "never_imported")
            found[one.row_number] = one.kind if is_listed else (one.kind, *values)
        wanted: Rows = dict.fromkeys(plan.refused, "refused")
        wanted |= {number: kind for kind, number in plan.listed}
        for row in plan.rows:
            assert row.number is not None
            sis_id = row.after.get("sis_id", row.sis_id)
            wanted[row.number] = (row.kind, sis_id, shown(row.before), shown(row.after))
        assert found == wanted, _difference(run, file, found, wanted)
        assert {alarm["code"] for alarm in run.alarms} == plan.alarms
        made = Change.objects.filter(run=run, kind="new").values_list("row_number", "account_id")
        ids = dict(made)
        for row in plan.rows:
            if row.kind == "new":
                self.stored[row.key] = ids[row.number]

    # --- what the files hold

    def _cells(self, spec: dict[str, Any], at: int) -> dict[str, str]:
        """Return one row: what is known of a student, changed here and there."""
        row = self._person(spec["about"], spec["pick"])
        row |= {name: "" for name in (*IDS, "email") if name not in spec["known_by"]}
        for name, text in spec["cells"]:
            if name == "everything":
                row |= {"first_name": "Somebody", "last_name": "Else", "birth_date": "2009-09-09"}
            elif isinstance(text, tuple):
                other = self._person("account", text[1])
                row[name] = other["student_number" if text[0] == "number of" else name]
            elif name in IDS:
                row[name] = self._id(text, row[name], at)
            else:
                row[name] = text
        return row

    def _id(self, text: str, own: str, at: int) -> str:
        shapes = {"running": str(at), "with zeros": f"00{own}", "with .0": f"{own}.0"}
        return shapes.get(text, text) if own or text not in ("with zeros", "with .0") else own

    def _person(self, about: str, pick: int) -> dict[str, str]:
        if about == "account" and self.model.students:
            keys = sorted(self.model.students)
            account = self.model.accounts[keys[pick % len(keys)]]
            return {name: account.held.get(name, "") for name in COLUMNS}
        if about == "new":
            email = f"new{pick % 4}@students.example"
            return dict.fromkeys(COLUMNS, "") | NEW | {"email": email}
        one = self.of(pick)
        said = {name: str(getattr(one, name, "")) for name in COLUMNS}
        return said | {"sis_id": str(one.dcid), "student_number": str(one.local_id)}

    def _everybody(self, what: str) -> list[dict[str, str]]:
        """Return a row for each student, with a column that has moved."""
        people = [self._person("account", at) for at in range(len(self.model.students))]
        if not what:
            return []
        for at, row in enumerate(people):
            if what == "names moved":
                row["first_name"], row["last_name"] = row["last_name"], row["first_name"]
            elif what == "new addresses":
                row["email"] = f"moved{at}@students.example"
            else:
                row["sis_id"] = people[at - 1]["sis_id"]
                row["student_number"] = ""
        return people


def _difference(run: Run, file: File, found: Rows, wanted: Rows) -> str:
    """Return the rows about which app and model disagree, for whoever has to find out why."""
    codes = dict(Issue.objects.filter(run=run).values_list("row_number", "code"))
    return "\n".join(
        f"row {at}: {file.rows.get(at or 0)}\n  app: {found.get(at)} {codes.get(at, '')}"
        f"\n  model: {wanted.get(at)}"
        for at in found.keys() | wanted.keys()
        if found.get(at) != wanted.get(at)
    )


def shown(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return values of a stored row or of the model's, without what no page shows."""
    return tuple(
        sorted(
            (name, str(value or ""))
            for name, value in values.items()
            if name not in ("email_key", "address", "source", "sis_id")
        )
    )
