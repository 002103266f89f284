-- Leaves an e-mail where it is if the row of the student who was to get it is not applied.
UPDATE sync_change f SET outcome = 'overtaken'
WHERE f.school_id = %(school)s AND f.run_id = %(run)s AND f.kind = 'email_freed' AND f.outcome = ''
  AND NOT EXISTS (
      SELECT 1 FROM sync_change c
      WHERE c.school_id = f.school_id AND c.run_id = f.run_id AND c.kind = ANY(%(writing)s) AND c.outcome = ''
        AND c.after ->> 'email_key' = f.before ->> 'email_key'
  )
