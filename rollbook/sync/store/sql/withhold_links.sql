-- Leaves a link as it is where the SIS ID before belongs to another account by now.
UPDATE sync_change c SET before = c.before - '{source,sis_id}'::text[], after = c.after - '{source,sis_id}'::text[]
FROM sync_change planned
JOIN students_studentaccount own ON own.id = planned.account_id
WHERE planned.id = c.id AND c.school_id = %(school)s AND c.run_id = %(run)s AND c.after ->> 'sis_id' IS NOT NULL
  AND (
      EXISTS (
          SELECT 1 FROM students_studentaccount a
          WHERE a.school_id = c.school_id AND a.id <> c.account_id AND a.sis_id = c.after ->> 'sis_id'
            AND a.source = coalesce(c.after ->> 'source', own.source)
      )
      OR EXISTS (
          SELECT 1 FROM students_furtherlink l
          WHERE l.school_id = c.school_id AND l.account_id <> c.account_id AND l.sis_id = c.after ->> 'sis_id'
            AND l.source = coalesce(c.after ->> 'source', own.source)
      )
  )
RETURNING c.sis_id, left(c.first_name || ' ' || c.last_name, 300), planned.after ->> 'sis_id'
