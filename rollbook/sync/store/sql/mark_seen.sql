-- Forgets the absence of accounts that this run met again, or closed. Only those that were missing are looked at.
DELETE FROM students_absence m
WHERE m.school_id = %(school)s AND m.source = %(source)s
  AND NOT EXISTS (
      SELECT 1 FROM sync_change c
      WHERE c.school_id = m.school_id AND c.run_id = %(run)s AND c.account_id = m.account_id
        AND (c.kind = 'not_in_roster' OR (c.after ->> 'status' IN ('left', 'graduated') AND (c.kind = 'protected' OR c.outcome <> '')))
  )
