-- Notes on the rows of a run that an undo has taken them back; or, where an undo was undone, that they hold again.
UPDATE sync_change c SET outcome = %(outcome)s
FROM sync_change u
WHERE u.school_id = %(school)s AND u.run_id = %(run)s AND u.outcome = '' AND u.account_id = c.account_id
  AND c.school_id = %(school)s AND c.run_id = %(undoes)s AND c.kind = ANY(%(writing)s) AND c.outcome IN ('', 'undone')
