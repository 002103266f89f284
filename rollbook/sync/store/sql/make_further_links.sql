-- Makes the further links of a plan, with the person who confirmed them.
INSERT INTO students_furtherlink (school_id, account_id, source, sis_id, since, confirmed_by_id, fingerprint)
SELECT c.school_id, c.account_id, substr(w.key, 6), w.value, now(), d.decided_by_id, NULL
FROM sync_change c
CROSS JOIN LATERAL jsonb_each_text(c.after) w
LEFT JOIN sync_linkdecision d ON d.school_id = c.school_id AND d.source = substr(w.key, 6) AND d.account_id = c.account_id
  AND d.sis_id = w.value AND d.verdict = 'confirmed'
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(updating)s) AND c.outcome = ''
  AND w.key LIKE 'link:%%' AND w.value IS NOT NULL
