"""`rollbook runs`: lists runs, or prints one."""

import click

from rollbook.cli.documents import of_run
from rollbook.cli.lookup import find_run, find_school
from rollbook.cli.options import newest_option, school_option
from rollbook.cli.output import Document, Output, prints, table
from rollbook.sync.models import Run
from rollbook.sync.words.kinds import count_words


def _show_list(document: Document) -> None:
    rows = []
    for run in document["runs"]:
        by = run["requested_by"] or run["trigger"]
        what = (run["requested_at"], run["uploader_type"], run["state"])
        rows.append((*what, by, count_words(run["counts"]), run["id"]))
    table(("Requested (UTC)", "Uploader type", "State", "By", "Counts", "Id"), rows, "No runs.")


@click.command("runs")
@school_option
@click.option("--run", "name", default=None, metavar="RUN", help="Only this run: an id, or `last`.")
@newest_option(20)
@prints(_show_list)
def list_runs(school_name: str | None, name: str | None, limit: int) -> Output:
    """List runs, newest first. With --school only those of one school.

    \b
    Example:
      rollbook runs --limit 5 --json
    """
    if name is not None:
        return Output({"runs": [of_run(find_run(name, school_name))]})
    runs = Run.objects.select_related("school", "requested_by").order_by("-requested_at")
    if school_name is not None:
        runs = runs.filter(school=find_school(school_name))
    return Output({"runs": [of_run(run) for run in runs[:limit]]})
