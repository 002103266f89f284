-- How many accounts a plan gives another graduation year in place of one. Linking is decided by other rules.
SELECT 'year_changed', count(*) FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('updated', 'returning')
  AND after ->> 'graduation_year' IS NOT NULL AND before ->> 'graduation_year' IS NOT NULL
HAVING count(*) > 0
