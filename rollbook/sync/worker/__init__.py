"""What a worker process does: tasks, housekeeping, due runs, metrics."""
