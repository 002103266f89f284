-- Remembers who approved that these accounts are missing. Those that the run closed are no reason for a hold any more.
INSERT INTO sync_settlement (school_id, source, guard, account_id, moved_from, run_id, by_id, at)
SELECT m.school_id, %(source)s, 'leavers', m.account_id, '', r.id, r.approved_by_id, r.approved_at
FROM sync_missingaccount m
JOIN sync_run r ON r.id = m.run_id
JOIN students_studentaccount a ON a.id = m.account_id AND a.school_id = m.school_id AND a.status = 'active'
WHERE m.school_id = %(school)s AND m.run_id = %(run)s
ON CONFLICT DO NOTHING
