-- What an undo does, in numbers: accounts whose values go back, accounts it deactivates because the run had made them, values that go back.
SELECT count(*) FILTER (WHERE reason <> 'undo_created'), count(*) FILTER (WHERE reason = 'undo_created'),
       coalesce(sum(keys.number) FILTER (WHERE reason <> 'undo_created'), 0)
FROM sync_change c
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE (key <> 'email_key' OR NOT c.after ? 'email') AND (key <> 'source' OR NOT c.after ? 'sis_id')) AS number FROM jsonb_object_keys(c.after) key
) keys
WHERE c.school_id = %(school)s AND c.run_id = %(run)s
