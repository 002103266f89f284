-- The light form of every account of a school, for matching a roster against it.
SELECT uuid_send(id), version, source_fingerprint, email_key, sis_id, source
FROM students_studentaccount
WHERE school_id = %(school)s
