-- Makes the accounts of a plan's new students.
INSERT INTO students_studentaccount (
    id, school_id, source, sis_id, student_number, email, email_key, first_name, last_name, middle_name, preferred_name, personal_email,
    graduation_year, grade_level, birth_date, gender, status, version, source_fingerprint, created_at, updated_at
)
SELECT c.account_id, c.school_id, %(source)s, v.sis_id, v.student_number, v.email, v.email_key, v.first_name, v.last_name, v.middle_name,
       v.preferred_name, v.personal_email, v.graduation_year, v.grade_level, v.birth_date, v.gender, coalesce(v.status, 'active'), 1, c.fingerprint, now(), now()
FROM sync_change c
CROSS JOIN LATERAL jsonb_populate_record(NULL::students_studentaccount, c.after) v
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'new' AND c.outcome = ''
