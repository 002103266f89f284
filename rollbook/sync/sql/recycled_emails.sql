-- The planned owners of an e-mail that was another student's not long ago.
SELECT c.sis_id, left(c.first_name || ' ' || c.last_name, 300), c.email
FROM sync_change c
JOIN students_emailalias l ON l.school_id = c.school_id AND l.email_key = c.after ->> 'email_key' AND l.account_id <> c.account_id
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind IN ('new', 'updated', 'linked', 'returning') AND l.kept_until > now()
ORDER BY c.id
