-- Marks an upload's new students who have got an account by their SIS ID or student number since they were planned.
UPDATE sync_change c SET outcome = 'overtaken'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.outcome = '' AND c.kind = 'new'
  AND EXISTS (
      SELECT 1 FROM students_studentaccount a
      WHERE a.school_id = c.school_id AND (a.sis_id = c.after ->> 'sis_id' OR a.student_number = c.after ->> 'student_number')
      UNION ALL
      SELECT 1 FROM students_furtherlink l WHERE l.school_id = c.school_id AND l.sis_id = c.after ->> 'sis_id'
  )
