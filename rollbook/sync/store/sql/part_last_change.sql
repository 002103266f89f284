-- The run and the person who changed a value last, after the run that is undone: a part of other statements, which name the value `value`.
LEFT JOIN LATERAL (
    SELECT later.run_id, lr.finished_at AS at
    FROM sync_change later
    JOIN sync_run lr ON lr.id = later.run_id
    WHERE later.school_id = value.school_id AND later.account_id = value.account_id AND later.run_id <> %(undoes)s
      AND later.outcome IN ('', 'undone') AND later.after ? value.key AND lr.mode = 'live' AND lr.state IN ('done', 'undone')
      AND lr.finished_at >= %(since)s
    ORDER BY lr.finished_at DESC
    LIMIT 1
) by_run ON true
LEFT JOIN LATERAL (
    SELECT e.actor_id, e.via, e.at
    FROM students_accountevent e
    WHERE e.school_id = value.school_id AND e.account_id = value.account_id AND e.after ? value.key AND e.at >= %(since)s
      AND e.action NOT IN ('locked', 'unlocked')  -- these name a value and don't change it
    ORDER BY e.at DESC
    LIMIT 1
) by_hand ON true
