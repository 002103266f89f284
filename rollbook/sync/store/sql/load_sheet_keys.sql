-- The light form of the accounts that the ids and addresses of a file lead to.
SELECT uuid_send(id), email_key, sis_id, student_number, status IN ('left', 'graduated', 'deactivated'),
       ARRAY(SELECT l.sis_id FROM students_furtherlink l WHERE l.account_id = students_studentaccount.id)
FROM students_studentaccount
WHERE school_id = %(school)s
  AND (
    sis_id = ANY(%(sis_ids)s)
    OR student_number = ANY(%(student_numbers)s)
    OR email_key = ANY(%(email_keys)s)
    OR ltrim(sis_id, '0') = ANY(%(digits)s)
    OR ltrim(student_number, '0') = ANY(%(digits)s)
    OR id IN (
      SELECT l.account_id FROM students_furtherlink l
      WHERE l.school_id = %(school)s AND (l.sis_id = ANY(%(sis_ids)s) OR ltrim(l.sis_id, '0') = ANY(%(digits)s))
    )
  )
