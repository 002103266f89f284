-- Takes back the planned changes of these accounts.
DELETE FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND account_id = ANY(%(ids)s::uuid[])
