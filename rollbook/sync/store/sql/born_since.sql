-- Reads the new students of a plan with the accounts that were written since and have the same date of birth.
SELECT c.id, c.after ->> 'first_name', c.after ->> 'last_name', a.first_name, a.last_name
FROM sync_change c
JOIN sync_run r ON r.id = c.run_id
JOIN students_studentaccount a ON a.school_id = c.school_id AND a.birth_date::text = c.after ->> 'birth_date'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.outcome = '' AND c.kind = 'new'
  AND a.status <> 'merged' AND a.updated_at > r.requested_at
