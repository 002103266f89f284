-- The names of accounts by SIS ID, for issues about records that planned no change.
SELECT sis_id, left(first_name || ' ' || last_name, 300)
FROM students_studentaccount
WHERE school_id = %(school)s AND source = %(source)s AND sis_id = ANY(%(sis_ids)s)
