-- Reads the full rows of accounts whose record differs, with the rules that people made for them, for how long they have been missing, and
-- the SISs besides the first one that have them. Those are looked up for these accounts only: in most schools there is none.
-- IS NOT DISTINCT FROM keeps the database from an index by school: right after a large run, before its statistics are fresh, it took a school
-- for a few rows and read all accounts of it for each batch (20 ms instead of 0.3).
SELECT uuid_send(a.id) AS id, a.version, a.status, a.source, $a_fields,
       ARRAY(SELECT l.field::text FROM students_fieldlock l WHERE l.account_id = a.id) AS locked,
       p.account_id IS NOT NULL AS protected, coalesce(m.runs, 0) AS missing_runs, m.since AS missing_since,
       coalesce(f.links, '{}') AS further_links
FROM students_studentaccount a
LEFT JOIN students_protection p ON p.account_id = a.id AND (p.until IS NULL OR p.until > now())
LEFT JOIN students_absence m ON m.account_id = a.id AND m.source = a.source
LEFT JOIN (
    SELECT l.account_id, array_agg(ARRAY[l.source, l.sis_id, coalesce(m.runs, 0)::text, m.since::text] ORDER BY l.since, l.id) AS links
    FROM students_furtherlink l
    LEFT JOIN students_absence m ON m.account_id = l.account_id AND m.source = l.source
    WHERE l.school_id = %(school)s AND l.account_id = ANY(%(ids)s::uuid[])
    GROUP BY l.account_id
) f ON f.account_id = a.id
WHERE a.school_id IS NOT DISTINCT FROM %(school)s AND a.id = ANY(%(ids)s::uuid[])
