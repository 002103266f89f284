-- Forgets the approved errors of accounts whose record has none in this run, or is about its own person again.
DELETE FROM sync_settlement s
WHERE s.school_id = %(school)s AND s.source = %(source)s AND s.guard = %(guard)s
  AND NOT EXISTS (
      SELECT 1 FROM sync_issue i
      JOIN (
          SELECT id, sis_id FROM students_studentaccount WHERE school_id = %(school)s AND source = %(source)s
          UNION ALL
          SELECT account_id, sis_id FROM students_furtherlink WHERE school_id = %(school)s AND source = %(source)s
      ) a ON a.sis_id = i.sis_id
      WHERE i.school_id = %(school)s AND i.run_id = %(run)s AND i.severity = 'error' AND a.id = s.account_id
        AND i.sis_id IN (
            SELECT o.sis_id FROM sync_issue o
            WHERE o.school_id = %(school)s AND o.run_id = %(run)s AND o.code = 'other_person'
        ) = (%(guard)s = 'other_people')
  )
