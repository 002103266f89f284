-- Leaves an e-mail as it is where the one before belongs to somebody else by now, who doesn't give it back in this undo; repeated.
UPDATE sync_change c SET before = c.before - '{email,email_key}'::text[], after = c.after - '{email,email_key}'::text[]
FROM sync_change planned
WHERE planned.id = c.id AND c.school_id = %(school)s AND c.run_id = %(run)s AND c.after ? 'email_key'
  AND EXISTS (
      SELECT 1 FROM students_studentaccount a
      WHERE a.school_id = c.school_id AND a.id <> c.account_id AND a.email_key = c.after ->> 'email_key'
        AND NOT EXISTS (
            SELECT 1 FROM sync_change m
            WHERE m.school_id = c.school_id AND m.run_id = c.run_id AND m.account_id = a.id AND m.after ? 'email_key'
        )
  )
RETURNING c.sis_id, left(c.first_name || ' ' || c.last_name, 300), planned.after ->> 'email'
