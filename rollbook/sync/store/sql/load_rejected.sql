-- Reads the records that the last run of a source skipped for their values: the SIS ID and the fingerprint.
SELECT DISTINCT sis_id, fingerprint
FROM sync_problem
WHERE school_id = %(school)s AND source = %(source)s AND fixed_at IS NULL AND fingerprint IS NOT NULL AND sis_id IS NOT NULL
