-- Tells whether a plan has a new account.
SELECT 1 FROM sync_change WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new' LIMIT 1
