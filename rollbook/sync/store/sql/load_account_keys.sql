-- The light form of every account of a school, for matching a roster against it. Closed ones have no fingerprint: those that
-- left or graduated come back, and a report lists those that stay deactivated.
SELECT uuid_send(id), CASE WHEN status NOT IN ('left', 'graduated', 'deactivated') THEN source_fingerprint END, email_key, sis_id, source
FROM students_studentaccount
WHERE school_id = %(school)s AND status <> 'merged'
