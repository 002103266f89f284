-- The grade levels and graduation years of a plan's students: whether they are new, grade, year. What a row lacks, its account has.
SELECT DISTINCT true, after ->> 'grade_level', after ->> 'graduation_year' FROM sync_change
WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new'
UNION ALL
SELECT DISTINCT false, coalesce(c.after ->> 'grade_level', a.grade_level), coalesce(c.after ->> 'graduation_year', a.graduation_year::text)
FROM sync_change c LEFT JOIN students_studentaccount a ON a.id = c.account_id AND a.school_id = c.school_id
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind NOT IN ('new', 'unchanged')
