-- The full rows of the accounts whose record differs.
SELECT uuid_send(id), version, status, source, sis_id, email, email_key, first_name, last_name, graduation_year, student_number,
       middle_name, preferred_name, personal_email, grade_level, birth_date, gender
FROM students_studentaccount
WHERE school_id = %(school)s AND id = ANY(%(ids)s::uuid[])
