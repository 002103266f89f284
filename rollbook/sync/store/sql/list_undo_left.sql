-- What an undo leaves alone, for one batch of the run's rows: values that were changed since, with what is held now and who changed it last;
-- and in one row without a field, accounts that are gone or were merged since.
SELECT value.code, c.sis_id, left(coalesce(a.first_name || ' ' || a.last_name, c.first_name || ' ' || c.last_name), 300),
       CASE value.code WHEN 'changed_since' THEN value.key END,
       left(coalesce(value.held, ''), 400), by_run.run_id, by_run.at, by_hand.actor_id, by_hand.via, by_hand.at
FROM sync_change c
LEFT JOIN students_studentaccount a ON a.school_id = c.school_id AND a.id = c.account_id
CROSS JOIN LATERAL (
    SELECT to_jsonb(a) || coalesce((SELECT jsonb_object_agg('link:' || l.source, l.sis_id) FROM students_furtherlink l WHERE l.account_id = a.id), '{}')
             AS held,
           CASE c.kind WHEN 'new' THEN jsonb_build_object('status', coalesce(c.after ->> 'status', 'active')) ELSE c.after END AS wrote,
           CASE c.kind WHEN 'new' THEN '{"status": "deactivated"}' ELSE c.before END AS was,
           CASE WHEN a.status = 'merged' THEN 'merged_into'
                WHEN c.kind = 'new' AND a.id IN (
                    SELECT m.merged_into_id FROM students_studentaccount m
                    WHERE m.school_id = %(school)s AND m.merged_into_id IS NOT NULL
                      AND NOT EXISTS (
                          SELECT 1 FROM sync_change made
                          WHERE made.school_id = m.school_id AND made.account_id = m.id AND made.run_id = %(undoes)s AND made.kind = 'new'
                      )
                ) THEN 'merged_from'
           END AS merged
    OFFSET 0
) r
CROSS JOIN LATERAL (
    SELECT 'changed_since' AS code, w.key, r.held ->> w.key AS held, c.school_id, c.account_id
    FROM jsonb_each(r.wrote) w
    WHERE a.id IS NOT NULL AND r.merged IS NULL AND w.key NOT IN ('email_key', 'source') AND r.held -> w.key <> coalesce(r.was -> w.key, 'null')
      AND NOT EXISTS (
          SELECT 1 FROM sync_change u
          WHERE u.school_id = c.school_id AND u.account_id = c.account_id AND u.run_id = %(run)s AND u.after ? w.key
      )
    UNION ALL
    SELECT 'account_gone_since', NULL, NULL, c.school_id, c.account_id WHERE a.id IS NULL
    UNION ALL
    SELECT 'account_merged_since', r.merged, NULL, c.school_id, c.account_id WHERE r.merged IS NOT NULL
) value
$last_change
WHERE c.school_id = %(school)s AND c.run_id = %(undoes)s AND c.outcome = '' AND c.kind = ANY(%(writing)s)
  AND c.id BETWEEN %(first)s AND %(last)s AND (%(student)s::uuid IS NULL OR c.account_id = %(student)s::uuid)
ORDER BY c.id
