-- How many active accounts of a source have a record with an error that nobody has settled: in all (no code), and by code and field.
-- Records about other people have a guard of their own, whatever else is wrong with them.
SELECT i.code, i.field, count(DISTINCT a.id)
FROM sync_issue i
JOIN (
    SELECT id, status, sis_id FROM students_studentaccount WHERE school_id = %(school)s AND source = %(source)s
    UNION ALL
    SELECT a.id, a.status, l.sis_id
    FROM students_furtherlink l JOIN students_studentaccount a ON a.id = l.account_id
    WHERE l.school_id = %(school)s AND l.source = %(source)s
) a ON a.sis_id = i.sis_id
WHERE i.school_id = %(school)s AND i.run_id = %(run)s AND i.severity = 'error' AND a.status = 'active'
  AND i.sis_id NOT IN (
      SELECT o.sis_id FROM sync_issue o
      WHERE o.school_id = %(school)s AND o.run_id = %(run)s AND o.code = 'other_person'
  )
  AND NOT EXISTS (
      SELECT 1 FROM sync_settlement s
      WHERE s.school_id = i.school_id AND s.source = %(source)s AND s.guard = 'errors' AND s.account_id = a.id
  )
GROUP BY GROUPING SETS ((), (i.code, i.field))
ORDER BY 3 DESC, 1 NULLS FIRST, 2
