-- Takes back planned changes of rows that the whole file proved wrong.
DELETE FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND row_number = ANY(%(numbers)s)
