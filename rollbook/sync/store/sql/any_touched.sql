-- Tells whether a plan makes, renames or opens an account.
SELECT 1 FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = ANY(%(writing)s) AND outcome = ''
  AND (kind = 'new' OR after ?| ARRAY['first_name', 'last_name', 'birth_date', 'status', 'sis_id'])
LIMIT 1
