-- Marks the rows whose account has changed or gone since it was planned on: they are not applied.
UPDATE sync_change c SET outcome = 'overtaken'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.outcome = '' AND c.kind = ANY(%(updating)s)
  AND NOT EXISTS (
      SELECT 1 FROM students_studentaccount a
      WHERE a.id = c.account_id AND a.school_id = c.school_id AND a.version = c.account_version
  )
