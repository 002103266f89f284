-- Marks these rows of a plan as overtaken.
UPDATE sync_change SET outcome = 'overtaken'
WHERE school_id = %(school)s AND run_id = %(run)s AND id = ANY(%(ids)s)
