-- Keeps the e-mail that an account is about to lose, for some days: it must not pass to another student unnoticed.
INSERT INTO students_emailalias (school_id, account_id, email, email_key, since, kept_until)
SELECT a.school_id, a.id, a.email, a.email_key, now(), now() + make_interval(days => %(alias_days)s)
FROM sync_change c
JOIN students_studentaccount a ON a.id = c.account_id AND a.school_id = c.school_id AND a.version = c.account_version
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = ANY(%(updating)s) AND c.outcome = ''
  AND a.email_key <> c.after ->> 'email_key'
ON CONFLICT (school_id, email_key, account_id) DO UPDATE SET email = excluded.email, kept_until = excluded.kept_until
