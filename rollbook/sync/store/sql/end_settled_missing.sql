-- Forgets the approved absences of students who are back in this run's roster, or whose account is closed by now.
DELETE FROM sync_settlement s
WHERE s.school_id = %(school)s AND s.source = %(source)s AND s.guard = 'leavers'
  AND NOT EXISTS (
      SELECT 1 FROM sync_missingaccount m
      JOIN students_studentaccount a ON a.id = m.account_id AND a.status = 'active'
      WHERE m.school_id = s.school_id AND m.run_id = %(run)s AND m.account_id = s.account_id
  )
