-- Stores in a plan the open problems of records that are as they were when the last run skipped them.
INSERT INTO sync_issue (school_id, run_id, severity, code, sis_id, name, field, source_field, value, other, fingerprint)
SELECT p.school_id, %(run)s, p.severity, p.code, p.sis_id, p.name, p.field, p.source_field, p.value, p.other, p.fingerprint
FROM unnest(%(sis_ids)s::text[]) WITH ORDINALITY AS again (sis_id, place)
JOIN sync_problem p ON p.sis_id = again.sis_id
WHERE p.school_id = %(school)s AND p.source = %(source)s AND p.fixed_at IS NULL AND p.fingerprint IS NOT NULL
ORDER BY again.place, p.id
