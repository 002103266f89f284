-- How many students would sign in with another address.
SELECT count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('linked', 'updated', 'returning') AND after ? 'email_key' AND before ? 'email_key'
