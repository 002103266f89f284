-- Leaves a further link as it is where the SIS ID before belongs to another account by now.
UPDATE sync_change c SET before = c.before - planned.key, after = c.after - planned.key
FROM (
    SELECT id, account_id, w.key, w.value, substr(w.key, 6) AS source
    FROM sync_change CROSS JOIN LATERAL jsonb_each_text(after) w
    WHERE school_id = %(school)s AND run_id = %(run)s AND after ?| %(link_keys)s AND w.key LIKE 'link:%%' AND w.value IS NOT NULL
) planned
WHERE planned.id = c.id AND c.school_id = %(school)s AND c.run_id = %(run)s
  AND (
      EXISTS (
          SELECT 1 FROM students_furtherlink l
          WHERE l.school_id = c.school_id AND l.account_id <> planned.account_id AND l.source = planned.source AND l.sis_id = planned.value
            AND NOT EXISTS (
                SELECT 1 FROM sync_change m
                WHERE m.school_id = c.school_id AND m.run_id = c.run_id AND m.account_id = l.account_id AND m.after ? planned.key
            )
      )
      OR EXISTS (
          SELECT 1 FROM students_studentaccount a
          WHERE a.school_id = c.school_id AND a.source = planned.source AND a.sis_id = planned.value
      )
  )
RETURNING c.sis_id, left(c.first_name || ' ' || c.last_name, 300), planned.value
