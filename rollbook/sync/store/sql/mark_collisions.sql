-- Marks the rows whose SIS ID or e-mail somebody else has got since they were planned; repeated until it finds none.
UPDATE sync_change c SET outcome = 'overtaken'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.outcome = '' AND c.kind = ANY(%(writing)s)
  AND EXISTS (
      SELECT 1 FROM students_studentaccount a
      WHERE a.school_id = c.school_id AND a.id <> c.account_id
        AND (
            (a.source = coalesce(c.after ->> 'source', %(source)s) AND a.sis_id = c.after ->> 'sis_id')
            OR (
                a.email_key = c.after ->> 'email_key'
                AND NOT EXISTS (
                    SELECT 1 FROM sync_change m
                    WHERE m.school_id = c.school_id AND m.run_id = c.run_id AND m.account_id = a.id
                      AND m.outcome = '' AND m.kind = ANY(%(writing)s) AND m.after ? 'email_key'
                )
            )
        )
  )
