"""What every worker looks after a few times a minute: due schedules, runs that nobody works on, report files."""

from rollbook.sync import report_files, runs, schedules


def make() -> None:
    """One round. Any number of workers may make theirs at the same time."""
    schedules.run_due()
    runs.sweep()
    report_files.sweep_reports()
