-- The light form of the other accounts of a school, for matching a roster against it: those without a link to this source, and those that
-- several SISs have. Closed ones have no fingerprint, as above.
-- Written so that each part can use an index: in most schools there is none of them, and <> read all 100,000 accounts, for 35 ms.
SELECT uuid_send(id), CASE WHEN status NOT IN ('left', 'graduated', 'deactivated') THEN source_fingerprint END, email_key, sis_id, source
FROM students_studentaccount
WHERE school_id = %(school)s AND status <> 'merged'
  AND (
      (school_id = %(school)s AND source < %(source)s) OR (school_id = %(school)s AND source > %(source)s)
      OR (school_id = %(school)s AND source = %(source)s AND sis_id IS NULL) OR id = ANY(%(ids)s::uuid[])
  )
