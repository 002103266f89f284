-- Reads who was born on one of these days, to ask before a second account is made for one person.
SELECT first_name, last_name, birth_date, sis_id, email
FROM students_studentaccount
WHERE school_id = %(school)s AND birth_date = ANY(%(days)s) AND status <> 'merged'
