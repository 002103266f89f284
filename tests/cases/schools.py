"""A school for a case: commands only, and two small SISs that answer with given records."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rollbook.students.models import StudentAccount
from rollbook.sync.models import Run, RunState
from tests.cases.web_uploads import Uploaded
from tests.cli.conftest import Command, Ended
from tests.sources.loopback import Asked, Loopback, Reply, SmallSchool, as_json

FIELDS: Final = (
    *("sis_id", "student_number", "email", "first_name", "last_name", "middle_name"),
    *("preferred_name", "personal_email", "graduation_year", "grade_level", "birth_date", "gender"),
)
Record = dict[str, Any]
InBrowser = Callable[[Path, dict[str, Any]], Uploaded]


def powerschool_student(record: Record) -> Record:
    """Return a flat record of a case as PowerSchool sends a student: absent values are left out."""

    def group(**fields: str) -> Record:
        return {name: record[key] for name, key in fields.items() if record.get(key) is not None}

    return {
        "id": record["id"],
        **group(local_id="number"),
        "name": group(first_name="first_name", last_name="last_name"),
        "demographics": group(
            birth_date="birth_date", gender="gender", projected_graduation_year="graduation_year"
        ),
        "school_enrollment": {"enroll_status_code": 0, **group(grade_level="grade")},
        "contact_info": group(email="email") or "",
    }


class SmallVeracross:
    """Speaks as much of Veracross v3 as a run needs: a token, pages, the list of grades."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.server = Loopback(self._answer)

    def _answer(self, asked: Asked) -> Reply:
        if asked.path.endswith("/oauth/token"):
            return as_json({"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
        grades = list(dict.fromkeys(str(record.get("grade", "")) for record in self.records))
        items = [{"id": code, "description": name} for code, name in enumerate(grades, 1)]
        first = asked.headers.get("x-page-number", "1") == "1"
        students = [self._student(record, grades) for record in self.records] if first else []
        return as_json(
            {"data": students, "value_lists": [{"fields": ["grade_level"], "items": items}]}
        )

    def _student(self, record: Record, grades: list[str]) -> Record:
        return {
            "id": record["id"],
            "first_name": record.get("first_name"),
            "last_name": record.get("last_name"),
            "email_1": record.get("email"),
            "graduation_year": record.get("graduation_year"),
            "grade_level": grades.index(str(record.get("grade", ""))) + 1,
            "birthday": record.get("birth_date"),
            "gender": record.get("gender"),
        }


class CaseSchool:
    """Plays the steps of one case with the commands, as a script would.

    `in_browser` uploads files in the browser instead.
    `stopped` says that the last step wrote nothing, because something was asked, held or refused.
    `words` are those of the last step's problems.
    """

    def __init__(
        self, rollbook: Command, folder: Path, scratch: Path, in_browser: InBrowser | None = None
    ) -> None:
        self._rollbook, self._folder, self._scratch = rollbook, folder, scratch
        self._in_browser = in_browser
        self._give: Callable[[list[Record]], None] | None = None
        self._servers: list[Any] = []
        self.stopped = False
        self.run: Run | None = None
        self.document: dict[str, Any] = {}
        self.words = ""

    def close(self) -> None:
        for server in self._servers:
            server.__exit__(None, None, None)

    def must(self, *arguments: str, stdin: str = "") -> Ended:
        ended = self._rollbook(*arguments, stdin=stdin)
        assert ended.code == 0, (arguments, ended.out, ended.err)
        return ended

    # --- steps before

    def play(self, step: dict[str, Any]) -> None:
        if "accounts" in step:
            self._make_accounts(step["accounts"])
        elif "upload" in step:
            upload = step["upload"]
            self.upload(upload["file"], upload.get("options", {}))
            assert not self.stopped or upload.get("may_be_refused")
        elif "sis" in step:
            self.connect(step["sis"]["sis"], {})
            self.sync(step["sis"]["records"])
            assert not self.stopped
        elif "protect" in step:
            self.must("protect", step["protect"])
        elif "keep" in step:
            keep = step["keep"]
            pairs = [f"--set={field}={text}" for field, text in keep.get("set", {}).items()]
            self.must("edit", keep["who"], *pairs, f"--keep={keep['field']}")
        elif "never_import" in step:
            ((field, text),) = step["never_import"].items()
            self.must("never-import", "add", f"--{field.replace('_', '-')}", text)
        else:
            merge = step["merge"]
            self.must("merge", merge["kept"], merge["other"])

    def _make_accounts(self, accounts: list[Record]) -> None:
        columns = [field for field in FIELDS if any(field in account for account in accounts)]
        file = self._scratch / "before.csv"
        with file.open("w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(accounts)
        pairs = [f"--map={field}={field}" for field in columns]
        self.must("upload", str(file), "--confirm", "--here", "--date-order=year-month-day", *pairs)
        assert StudentAccount.objects.count() == len(accounts)

    # --- what is done

    def upload(self, file: str, options: dict[str, Any], *, confirm: bool = True) -> None:
        """Upload a file of the case; without `confirm` only a preview is made."""
        if self._in_browser is not None:
            uploaded = self._in_browser(self._folder / file, options)
            self._note_run(uploaded.run, {"notes": uploaded.notes}, uploaded.page)
            return
        arguments = [f"--map={column}={field}" for column, field in options.get("map", {}).items()]
        if "date_order" in options:
            arguments.append(f"--date-order={options['date_order']}")
        if options.get("only_existing"):
            arguments.append("--only-existing")
        if confirm:
            arguments.append("--confirm")
        path = str(self._folder / file)
        self._note(self._rollbook("upload", path, "--here", "--json", *arguments))

    def connect(self, sis: str, options: dict[str, Any]) -> None:
        """Connect a small SIS of this kind, live, with the widest range of grades."""
        if sis == "powerschool":
            small = SmallSchool(0)
            self._servers.append(small)

            def give(records: list[Record]) -> None:
                small.students = [powerschool_student(record) for record in records]

            secret = f"{small.client_secret}\n"
            credentials = [f"client_id={small.client_id}", f"client_url={small.server.url}"]
            variant = ""
        else:
            veracross = SmallVeracross()
            self._servers.append(veracross.server)

            def give(records: list[Record]) -> None:
                veracross.records = records

            secret, variant = "password=p\n", "v3"
            credentials = ["user_name=u", f"client={veracross.server.url}/acs"]
        self._give = give
        self._save_connection(sis, variant, credentials, secret, options)
        leavers = options.get("leavers", {})
        if leavers:
            pairs = [f"--{name}={value}" for name, value in leavers.items()]
            self.must("integration", "leavers", *pairs)

    def _save_connection(
        self, sis: str, variant: str, credentials: list[str], secret: str, options: dict[str, Any]
    ) -> None:
        arguments = [f"--credential={pair}" for pair in credentials]
        arguments += [f"--without={field}" for field in options.get("without", [])]
        arguments += [f"--variant={variant}"] if variant else []
        for grades in [*options.get("grades", []), "PK-13"]:
            ended = self._rollbook(
                *("integration", "set", sis, "--live", "--active", f"--grades={grades}"),
                *arguments,
                stdin=secret,
            )
            if ended.code == 0:
                return
        raise AssertionError(ended.out + ended.err)

    def sync(self, records: str) -> None:
        """Let the SIS answer with these records, and do a live run."""
        assert self._give is not None
        self._give(json.loads((self._folder / records).read_text()))
        self._note(self._rollbook("run", "--here", "--json"))

    def _note(self, ended: Ended) -> None:
        document = json.loads(ended.out) if ended.out.strip() else {}
        found = document.get("run")
        run = Run.objects.get(pk=found["id"]) if found else None
        self._note_run(run, document, ended.out + ended.err)

    def _note_run(self, run: Run | None, document: dict[str, Any], words: str) -> None:
        self.run, self.document, self.words = run, document, words
        self.stopped = self.run is None or self.run.state != RunState.DONE
        if self.run is not None:
            self.words += self.must("problems", str(self.run.pk), "--json").out
