-- Values of a run that were undone before, for one student or with the whole run, and that became again what the run wrote.
SELECT 'made_again_since', a.sis_id, left(a.first_name || ' ' || a.last_name, 300), value.key, left(coalesce(value.held, ''), 400),
       by_run.run_id, by_run.at, by_hand.actor_id, by_hand.via, by_hand.at
FROM sync_change c
JOIN students_studentaccount a ON a.school_id = c.school_id AND a.id = c.account_id
CROSS JOIN LATERAL (
    SELECT to_jsonb(a) || coalesce((SELECT jsonb_object_agg('link:' || l.source, l.sis_id) FROM students_furtherlink l WHERE l.account_id = a.id), '{}')
             AS held,
           CASE c.kind WHEN 'new' THEN jsonb_build_object('status', coalesce(c.after ->> 'status', 'active')) ELSE c.after END AS wrote
    OFFSET 0
) r
CROSS JOIN LATERAL (
    SELECT w.key, r.held ->> w.key AS held, c.school_id, c.account_id
    FROM jsonb_each(r.wrote) w
    WHERE r.held -> w.key = w.value AND w.key NOT IN ('email_key', 'source')
) value
$last_change
WHERE c.school_id = %(school)s AND c.run_id = %(undoes)s AND c.outcome = 'undone' AND c.kind = ANY(%(writing)s)
  AND (%(student)s::uuid IS NULL OR c.account_id = %(student)s::uuid)
  AND (by_run.run_id IS NOT NULL OR by_hand.at IS NOT NULL)
ORDER BY c.id
