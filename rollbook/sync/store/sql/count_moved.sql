-- Counts the accounts that a plan moves from another source to this one.
SELECT count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'linked' AND before ->> 'source' NOT IN ('', %(source)s)
