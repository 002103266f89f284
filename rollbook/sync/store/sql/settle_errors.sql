-- Remembers who approved that the records of these accounts have errors, or are about other people.
INSERT INTO sync_settlement (school_id, source, guard, account_id, moved_from, run_id, by_id, at)
SELECT DISTINCT r.school_id, %(source)s, %(guard)s, a.id, '', r.id, r.approved_by_id, r.approved_at
FROM sync_issue i
JOIN sync_run r ON r.id = i.run_id
JOIN (
    SELECT id, sis_id FROM students_studentaccount WHERE school_id = %(school)s AND source = %(source)s
    UNION ALL
    SELECT account_id, sis_id FROM students_furtherlink WHERE school_id = %(school)s AND source = %(source)s
) a ON a.sis_id = i.sis_id
WHERE i.school_id = %(school)s AND i.run_id = %(run)s AND i.severity = 'error'
  AND i.sis_id IN (
      SELECT o.sis_id FROM sync_issue o
      WHERE o.school_id = %(school)s AND o.run_id = %(run)s AND o.code = 'other_person'
  ) = (%(guard)s = 'other_people')
ON CONFLICT DO NOTHING
