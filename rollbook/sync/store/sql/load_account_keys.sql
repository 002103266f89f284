-- The light form of the other accounts of a school, for matching a roster against it: those without a link to this source, and those that
-- several SISs have. Closed ones have no fingerprint, as above.
SELECT uuid_send(id), CASE WHEN status NOT IN ('left', 'graduated', 'deactivated') THEN source_fingerprint END, email_key, sis_id, source
FROM students_studentaccount
WHERE school_id = %(school)s AND status <> 'merged'
  AND (source <> %(source)s OR sis_id IS NULL OR id = ANY(%(ids)s::uuid[]))
