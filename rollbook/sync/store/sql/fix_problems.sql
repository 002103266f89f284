-- Closes the problems of this source that the finished run did not find again.
UPDATE sync_problem SET fixed_at = now()
WHERE school_id = %(school)s AND source = %(source)s AND fixed_at IS NULL AND last_run_id <> %(run)s
