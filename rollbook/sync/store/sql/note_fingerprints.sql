-- Remembers on further links what this source said. The other SISs of a student whose account was written compare it again.
UPDATE students_furtherlink l SET fingerprint = CASE WHEN l.source = %(source)s THEN c.fingerprint END
FROM sync_change c
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.outcome = ''
  AND (c.kind = ANY(%(updating)s) OR (c.kind = 'unchanged' AND l.source = %(source)s))
  AND l.school_id = c.school_id AND l.account_id = c.account_id
