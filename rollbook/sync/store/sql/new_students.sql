-- Reads the name and the date of birth of each new account of a plan.
SELECT sis_id, first_name, last_name, after ->> 'birth_date' FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new' AND after ->> 'birth_date' IS NOT NULL
