-- The full rows of the accounts whose record differs, with the rules that people made for them and how long they have been missing.
SELECT uuid_send(a.id), a.version, a.status, a.source, a.sis_id, a.email, a.email_key, a.first_name, a.last_name, a.graduation_year,
       a.student_number, a.middle_name, a.preferred_name, a.personal_email, a.grade_level, a.birth_date, a.gender,
       ARRAY(SELECT l.field::text FROM students_fieldlock l WHERE l.account_id = a.id), p.account_id IS NOT NULL, coalesce(m.runs, 0), m.since
FROM students_studentaccount a
LEFT JOIN students_protection p ON p.account_id = a.id AND (p.until IS NULL OR p.until > now())
LEFT JOIN students_absence m ON m.account_id = a.id
WHERE a.school_id = %(school)s AND a.id = ANY(%(ids)s::uuid[])
