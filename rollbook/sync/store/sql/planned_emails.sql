-- Reads which of these addresses a plan gives to somebody.
SELECT DISTINCT after ->> 'email_key' FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = ANY(%(writing)s) AND after ->> 'email_key' = ANY(%(email_keys)s)
