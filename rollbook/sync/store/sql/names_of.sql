-- The names of accounts by SIS ID, for issues about records that planned no change.
SELECT sis_id, left(first_name || ' ' || last_name, 300)
FROM students_studentaccount
WHERE school_id = %(school)s AND source = %(source)s AND sis_id = ANY(%(sis_ids)s)
UNION ALL
SELECT l.sis_id, left(a.first_name || ' ' || a.last_name, 300)
FROM students_furtherlink l JOIN students_studentaccount a ON a.id = l.account_id
WHERE l.school_id = %(school)s AND l.source = %(source)s AND l.sis_id = ANY(%(sis_ids)s)
