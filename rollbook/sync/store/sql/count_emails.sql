-- How many accounts a plan gives another sign-in e-mail. Nobody signs in with an e-mail that is freed.
SELECT 'email_changed', count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = ANY(%(updating)s) AND kind <> 'email_freed' AND after ? 'email_key'
HAVING count(*) > 0
