-- Plans an undo, for one batch of the run's rows: each value goes back to the one before, where the account still holds what the run wrote.
-- An e-mail goes back with its key, a SIS ID with its source, or neither; a further link by itself.
-- An account that the run made is deactivated. Accounts that were merged since stay: whoever was merged away, and one that the run made
-- where it has become the account of somebody who was there before.
-- It also gives up an e-mail that the run freed for it, so that the older account gets it back.
-- OFFSET 0 keeps the whole account from being turned into JSON once for each comparison, which took twice as long.
INSERT INTO sync_change (school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after, reason, outcome)
SELECT c.school_id, %(run)s, 'updated', a.sis_id, a.id, a.version, a.first_name, a.last_name, a.email, back.held, back.was,
       CASE c.kind WHEN 'new' THEN 'undo_created' ELSE 'undo_values' END, ''
FROM sync_change c
JOIN students_studentaccount a ON a.school_id = c.school_id AND a.id = c.account_id
CROSS JOIN LATERAL (
    SELECT to_jsonb(a) || coalesce((SELECT jsonb_object_agg('link:' || l.source, l.sis_id) FROM students_furtherlink l WHERE l.account_id = a.id), '{}')
             AS held,
           CASE c.kind WHEN 'new' THEN jsonb_strip_nulls(jsonb_build_object(
               'status', coalesce(c.after ->> 'status', 'active'),
               'email_key', CASE WHEN %(student)s::uuid IS NULL AND c.after ->> 'email_key' IN (
                   SELECT f.before ->> 'email_key' FROM sync_change f
                   WHERE f.school_id = %(school)s AND f.run_id = %(undoes)s AND f.kind = 'email_freed' AND f.outcome = ''
               ) THEN c.after ->> 'email_key' END
           )) ELSE c.after END AS wrote,
           CASE c.kind WHEN 'new' THEN jsonb_build_object('status', 'deactivated', 'email_key', 'freed:' || a.id) ELSE c.before END AS was
    OFFSET 0
) r
CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(w.key, w.value) AS held, jsonb_object_agg(w.key, coalesce(r.was -> w.key, 'null')) AS was
    FROM jsonb_each(r.wrote) w
    WHERE coalesce(r.held -> w.key, 'null') = w.value AND w.value <> coalesce(r.was -> w.key, 'null')
      AND (w.key NOT IN ('email', 'email_key') OR r.wrote -> 'email' IS NOT DISTINCT FROM CASE WHEN r.wrote ? 'email' THEN r.held -> 'email' END)
      AND (w.key NOT IN ('email', 'email_key') OR r.wrote -> 'email_key' IS NOT DISTINCT FROM CASE WHEN r.wrote ? 'email_key' THEN r.held -> 'email_key' END)
      AND (w.key NOT IN ('source', 'sis_id') OR r.wrote -> 'source' IS NOT DISTINCT FROM CASE WHEN r.wrote ? 'source' THEN r.held -> 'source' END)
      AND (w.key NOT IN ('source', 'sis_id') OR r.wrote -> 'sis_id' IS NOT DISTINCT FROM CASE WHEN r.wrote ? 'sis_id' THEN r.held -> 'sis_id' END)
) back
WHERE c.school_id = %(school)s AND c.run_id = %(undoes)s AND c.outcome = '' AND c.kind = ANY(%(writing)s)
  AND c.id BETWEEN %(first)s AND %(last)s AND (%(student)s::uuid IS NULL OR c.account_id = %(student)s::uuid)
  AND back.was IS NOT NULL AND a.status <> 'merged'
  -- Its e-mail was freed since: a person opens it again, with this e-mail or another one.
  AND NOT (a.email_key LIKE 'freed:%%' AND back.was ->> 'status' = 'active' AND NOT back.was ? 'email_key')
  AND (c.kind <> 'new' OR a.id NOT IN (
      SELECT m.merged_into_id FROM students_studentaccount m
      WHERE m.school_id = %(school)s AND m.merged_into_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM sync_change made
            WHERE made.school_id = m.school_id AND made.account_id = m.id AND made.run_id = %(undoes)s AND made.kind = 'new'
        )
  ))
