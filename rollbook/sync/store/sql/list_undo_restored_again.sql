-- What an undo takes back although it was written again: planned values that were changed after the run, and then became again what the run wrote.
SELECT 'written_again_since', a.sis_id, left(a.first_name || ' ' || a.last_name, 300), value.key, left(coalesce(value.held, ''), 400),
       by_run.run_id, by_run.at, by_hand.actor_id, by_hand.via, by_hand.at
FROM (
    SELECT u.id, u.school_id, u.account_id, planned.key, u.before ->> planned.key AS held
    FROM sync_change u
    CROSS JOIN LATERAL jsonb_object_keys(u.after) planned(key)
    WHERE u.school_id = %(school)s AND u.run_id = %(run)s AND planned.key NOT IN ('email_key', 'source')
) value
JOIN students_studentaccount a ON a.school_id = value.school_id AND a.id = value.account_id
$last_change
WHERE by_run.run_id IS NOT NULL OR by_hand.at IS NOT NULL
ORDER BY value.id
