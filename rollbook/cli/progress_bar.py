"""Shows the progress of a run to a person at a terminal."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from rollbook.sync.models import Run


class ProgressBar:
    """A bar with the stage, the students and the time."""

    def __init__(self) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[students]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task = self.progress.add_task("Waiting", total=None, students="")

    def show(self, run: Run) -> None:
        total, done = run.pages_total, run.pages_done
        if run.students_total:
            total, done = run.students_total, run.students_done
        self.progress.update(
            self._task,
            description=run.get_state_display(),
            total=total,
            completed=done,
            students=f"{run.students_done:,} students" if run.students_done else "",
        )
