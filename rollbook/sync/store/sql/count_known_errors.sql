-- How many active accounts of a source have a record with an error: in all (no code), and by code and field. Records about
-- other people have a guard of their own.
SELECT i.code, i.field, count(DISTINCT a.id)
FROM sync_issue i
JOIN students_studentaccount a ON a.school_id = i.school_id AND a.source = %(source)s AND a.sis_id = i.sis_id
WHERE i.school_id = %(school)s AND i.run_id = %(run)s AND i.severity = 'error' AND i.code <> 'other_person' AND a.status = 'active'
GROUP BY GROUPING SETS ((), (i.code, i.field))
ORDER BY 3 DESC, 1 NULLS FIRST, 2
