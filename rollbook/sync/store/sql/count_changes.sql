-- How many changes of each kind a plan has.
SELECT kind, count(*) FROM sync_change WHERE school_id = %(school)s AND run_id = %(run)s GROUP BY kind
