-- How many accounts a plan takes a value from without another one, by field.
SELECT cleared.key, count(*)
FROM sync_change c
CROSS JOIN LATERAL jsonb_each_text(c.after) cleared
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(updating)s) AND c.after <> '{}'
  AND cleared.value IS NULL AND c.before ->> cleared.key IS NOT NULL
GROUP BY cleared.key
