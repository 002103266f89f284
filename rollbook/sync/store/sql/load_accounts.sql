-- Reads the full rows of accounts whose record differs, with the rules that people made for them and for how long they have been missing.
SELECT uuid_send(a.id) AS id, a.version, a.status, a.source, $a_fields,
       ARRAY(SELECT l.field::text FROM students_fieldlock l WHERE l.account_id = a.id) AS locked,
       p.account_id IS NOT NULL AS protected, coalesce(m.runs, 0) AS missing_runs, m.since AS missing_since
FROM students_studentaccount a
LEFT JOIN students_protection p ON p.account_id = a.id AND (p.until IS NULL OR p.until > now())
LEFT JOIN students_absence m ON m.account_id = a.id
WHERE a.school_id = %(school)s AND a.id = ANY(%(ids)s::uuid[])
