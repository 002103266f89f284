-- The new accounts that were planned for these SIS IDs.
SELECT sis_id, after, fingerprint FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new' AND sis_id = ANY(%(sis_ids)s)
