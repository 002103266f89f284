-- Reads the new accounts that were planned for somebody who was born on one of these days, or has one of these addresses.
SELECT sis_id, after, fingerprint FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new'
  AND (after ->> 'birth_date' = ANY(%(days)s) OR after ->> 'email_key' = ANY(%(email_keys)s))
