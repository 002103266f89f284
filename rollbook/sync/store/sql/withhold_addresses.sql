-- Leaves an e-mail as it is where the one before belongs to somebody else by now, who doesn't give it back in this undo; and then also the
-- e-mail of whoever would have got that one's, and so on.
WITH RECURSIVE planned AS (
    SELECT id, account_id, coalesce(after ->> 'email', after ->> 'email_key') AS email, after ->> 'email_key' AS email_key
    FROM sync_change
    WHERE school_id = %(school)s AND run_id = %(run)s AND after ? 'email_key'
), wanted AS (
    SELECT planned.account_id, a.id AS holder
    FROM planned
    JOIN students_studentaccount a ON a.school_id = %(school)s AND a.email_key = planned.email_key AND a.id <> planned.account_id
), stays AS (
    SELECT account_id FROM wanted WHERE holder NOT IN (SELECT account_id FROM planned)
    UNION
    SELECT wanted.account_id FROM wanted JOIN stays ON stays.account_id = wanted.holder
)
UPDATE sync_change c SET before = c.before - '{email,email_key}'::text[], after = c.after - '{email,email_key}'::text[]
FROM planned
JOIN stays ON stays.account_id = planned.account_id
WHERE c.id = planned.id AND c.school_id = %(school)s AND c.run_id = %(run)s
RETURNING c.sis_id, left(c.first_name || ' ' || c.last_name, 300), planned.email
