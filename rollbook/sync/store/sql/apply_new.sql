-- Makes the accounts of a plan's new students.
INSERT INTO students_studentaccount (
    id, school_id, source, $fields, status, version, source_fingerprint, created_at, updated_at
)
SELECT c.account_id, c.school_id, %(source)s, $v_fields, coalesce(v.status, 'active'), 1, c.fingerprint, now(), now()
FROM sync_change c
CROSS JOIN LATERAL jsonb_populate_record(NULL::students_studentaccount, c.after) v
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'new' AND c.outcome = ''
