-- Removes the further links that a plan removes or replaces.
DELETE FROM students_furtherlink l
USING sync_change c
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(updating)s) AND c.outcome = ''
  AND l.school_id = c.school_id AND l.account_id = c.account_id AND c.after ? ('link:' || l.source)
