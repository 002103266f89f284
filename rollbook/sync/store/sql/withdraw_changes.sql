-- Takes back planned changes that the whole roster proved wrong; the names go into their issues.
DELETE FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND sis_id = ANY(%(sis_ids)s)
RETURNING sis_id, left(first_name || ' ' || last_name, 300)
