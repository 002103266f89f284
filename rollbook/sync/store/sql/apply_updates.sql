-- Writes the differing fields of linked, updated, returning and leaving students; every field a row doesn't name stays as it is.
UPDATE students_studentaccount a
SET source = v.source, sis_id = v.sis_id, student_number = v.student_number, email = v.email, email_key = v.email_key,
    first_name = v.first_name, last_name = v.last_name, middle_name = v.middle_name, preferred_name = v.preferred_name,
    personal_email = v.personal_email, graduation_year = v.graduation_year, grade_level = v.grade_level, birth_date = v.birth_date,
    gender = v.gender, status = v.status, version = a.version + 1, source_fingerprint = c.fingerprint, updated_at = now()
FROM sync_change c
JOIN students_studentaccount held ON held.id = c.account_id
CROSS JOIN LATERAL jsonb_populate_record(held, c.after) v
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind IN ('linked', 'updated', 'returning', 'left', 'graduated') AND c.outcome = ''
  AND a.id = c.account_id AND a.school_id = c.school_id AND a.version = c.account_version
