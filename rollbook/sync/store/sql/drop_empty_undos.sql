-- Drops the planned rows of an undo from which nothing is left.
DELETE FROM sync_change WHERE school_id = %(school)s AND run_id = %(run)s AND after = '{}'
