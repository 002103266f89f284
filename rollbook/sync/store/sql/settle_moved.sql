-- Remembers who approved that this source takes over the accounts of others.
INSERT INTO sync_settlement (school_id, source, guard, account_id, moved_from, run_id, by_id, at)
SELECT DISTINCT c.school_id, %(source)s, 'moved', NULL::uuid, c.before ->> 'source', r.id, r.approved_by_id, r.approved_at
FROM sync_change c
JOIN sync_run r ON r.id = c.run_id
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'linked' AND c.before ->> 'source' NOT IN ('', %(source)s)
ON CONFLICT DO NOTHING
