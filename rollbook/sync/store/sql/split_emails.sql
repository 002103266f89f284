-- Parts planned rows in two: one without the sign-in e-mail, which is applied, and one with the e-mail alone, which is left out.
WITH parted AS (
    INSERT INTO sync_change (school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after,
                             row_number, reason, outcome)
    SELECT school_id, run_id, 'updated', sis_id, account_id, account_version, first_name, last_name, email,
           jsonb_build_object('email', before -> 'email', 'email_key', before -> 'email_key'),
           jsonb_build_object('email', after -> 'email', 'email_key', after -> 'email_key'),
           row_number, reason, 'left_out'
    FROM sync_change
    WHERE school_id = %(school)s AND run_id = %(run)s AND id = ANY(%(rows)s)
)
UPDATE sync_change
SET before = before - 'email' - 'email_key', after = after - 'email' - 'email_key', email = before ->> 'email', fingerprint = NULL
WHERE school_id = %(school)s AND run_id = %(run)s AND id = ANY(%(rows)s)
