-- Writes the differing fields of linked, updated, returning and leaving students; fields that a row doesn't name stay as they are.
-- The fingerprint is that of the first link: what another SIS said is remembered on the further link.
UPDATE students_studentaccount a
SET source = v.source, $set_fields, status = v.status,
    closed_at = CASE WHEN v.status = a.status THEN a.closed_at WHEN v.status IN ('left', 'graduated') THEN now() END,
    version = a.version + 1, source_fingerprint = CASE WHEN v.source = %(source)s THEN c.fingerprint END, updated_at = now()
FROM sync_change c
JOIN students_studentaccount held ON held.id = c.account_id
CROSS JOIN LATERAL jsonb_populate_record(held, c.after) v
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(updating)s) AND c.outcome = ''
  AND a.id = c.account_id AND a.school_id = c.school_id AND a.version = c.account_version
