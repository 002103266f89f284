-- Adds what a finished run found to the work list, or notes that it was found again; one that had gone begins anew.
INSERT INTO sync_problem AS held (
    school_id, source, key, severity, code, sis_id, name, field, source_field, value, other,
    first_run_id, first_seen_at, last_run_id, last_seen_at, runs, fingerprint
)
SELECT DISTINCT ON (found.key) found.school_id, %(source)s, found.key, severity, code, sis_id, name, field, source_field, value, other,
       run_id, now(), run_id, now(), 1, fingerprint
FROM (
    SELECT *, md5(concat_ws(chr(31), coalesce('id ' || sis_id, 'name ' || name), code, field)) AS key
    FROM sync_issue
    WHERE school_id = %(school)s AND run_id = %(run)s
) found
ORDER BY found.key, found.id
ON CONFLICT (school_id, source, key) DO UPDATE
SET severity = excluded.severity, name = excluded.name, source_field = excluded.source_field, value = excluded.value, other = excluded.other,
    first_run_id = CASE WHEN held.fixed_at IS NULL THEN held.first_run_id ELSE excluded.first_run_id END,
    first_seen_at = CASE WHEN held.fixed_at IS NULL THEN held.first_seen_at ELSE excluded.first_seen_at END,
    last_run_id = excluded.last_run_id, last_seen_at = excluded.last_seen_at,
    runs = CASE WHEN held.fixed_at IS NULL THEN held.runs + 1 ELSE 1 END, fixed_at = NULL, fingerprint = excluded.fingerprint
WHERE held.last_run_id <> excluded.last_run_id
