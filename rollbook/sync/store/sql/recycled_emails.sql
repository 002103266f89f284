-- The planned owners of an e-mail that was another student's not long ago, and whose it was.
SELECT c.sis_id, left(c.first_name || ' ' || c.last_name, 300), c.email, b.first_name || ' ' || b.last_name, b.sis_id
FROM sync_change c
JOIN students_emailalias l ON l.school_id = c.school_id AND l.email_key = c.after ->> 'email_key' AND l.account_id <> c.account_id
JOIN students_studentaccount b ON b.id = l.account_id AND b.school_id = l.school_id
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(writing)s) AND l.kept_until > now()
ORDER BY c.id
