-- Marks the rows whose SIS ID is a further link of another account by now, or whose further link is the first link of an account.
WITH planned AS MATERIALIZED (
    SELECT id, account_id, coalesce(after ->> 'source', %(source)s) AS source, after ->> 'sis_id' AS sis_id, false AS is_further
    FROM sync_change
    WHERE school_id = %(school)s AND run_id = %(run)s AND outcome = '' AND kind = ANY(%(writing)s) AND after ? 'sis_id'
    UNION ALL
    SELECT id, account_id, substr(w.key, 6), w.value, true
    FROM sync_change CROSS JOIN LATERAL jsonb_each_text(after) w
    WHERE school_id = %(school)s AND run_id = %(run)s AND outcome = '' AND kind = ANY(%(writing)s) AND after ?| %(link_keys)s
      AND w.key LIKE 'link:%%'
), taken AS (
    SELECT p.id
    FROM planned p
    JOIN students_studentaccount a ON a.school_id = %(school)s AND a.source = p.source AND a.sis_id = p.sis_id
    WHERE p.is_further
    UNION
    SELECT p.id
    FROM planned p
    JOIN students_furtherlink l ON l.school_id = %(school)s AND l.source = p.source AND l.sis_id = p.sis_id
    WHERE l.account_id <> p.account_id
      AND NOT EXISTS (SELECT 1 FROM planned m WHERE m.is_further AND m.account_id = l.account_id AND m.source = l.source)
)
UPDATE sync_change c SET outcome = 'overtaken'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.id IN (SELECT id FROM taken)
