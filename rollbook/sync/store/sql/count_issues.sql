-- How many records of each severity a plan has issues with.
SELECT severity, count(*) FROM sync_issue WHERE school_id = %(school)s AND run_id = %(run)s GROUP BY severity
