-- The light form of every account of a school, for matching a roster against it. Those that left or graduated have no fingerprint: back is a change.
SELECT uuid_send(id), CASE WHEN status NOT IN ('left', 'graduated') THEN source_fingerprint END, email_key, sis_id, source
FROM students_studentaccount
WHERE school_id = %(school)s
