-- How many accounts a plan gives another first or last name. Linking is decided by other rules.
SELECT 'name_changed', count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('updated', 'returning') AND after ?| ARRAY['first_name', 'last_name']
HAVING count(*) > 0
