-- Remembers what the source said of students whose record is spelled otherwise but says the same.
UPDATE students_studentaccount a SET source_fingerprint = c.fingerprint
FROM sync_change c
WHERE a.source = %(source)s AND c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'unchanged'
  AND a.id = c.account_id AND a.school_id = c.school_id AND a.version = c.account_version
