-- Reads the accounts that several SISs have: their links, the first one first, and what this source last said. No fingerprint for those
-- that left or graduated, nor while another SIS lacks the student: then this one may have to fill more fields.
SELECT uuid_send(a.id), a.source, a.sis_id, coalesce(m.runs, 0), m.since, f.links,
       CASE WHEN a.status NOT IN ('left', 'graduated') THEN f.fingerprint END
FROM (
    SELECT l.account_id, array_agg(ARRAY[l.source, l.sis_id, coalesce(m.runs, 0)::text, m.since::text] ORDER BY l.since, l.id) AS links,
           (array_agg(l.fingerprint) FILTER (WHERE l.source = %(source)s))[1] AS fingerprint
    FROM students_furtherlink l
    LEFT JOIN students_absence m ON m.account_id = l.account_id AND m.source = l.source
    WHERE l.school_id = %(school)s
    GROUP BY l.account_id
) f
JOIN students_studentaccount a ON a.id = f.account_id AND a.school_id = %(school)s
LEFT JOIN students_absence m ON m.account_id = a.id AND m.source = a.source
