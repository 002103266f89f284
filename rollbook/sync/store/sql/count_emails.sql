-- How many accounts a plan gives another sign-in e-mail.
SELECT 'email_changed', count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = ANY(%(updating)s) AND after ? 'email_key'
HAVING count(*) > 0
