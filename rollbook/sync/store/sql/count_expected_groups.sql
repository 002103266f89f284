-- How many accounts of each grade level and graduation year a roster should have. Only asked where
-- somebody is missing. Those whom another SIS still has are none of them.
WITH expected AS (
    SELECT a.grade_level, a.graduation_year
    FROM students_studentaccount a
    WHERE a.school_id = %(school)s AND a.status = 'active'
      AND (a.source = %(source)s OR a.id IN (SELECT account_id FROM students_furtherlink WHERE school_id = %(school)s AND source = %(source)s))
      AND NOT EXISTS (
          SELECT 1 FROM sync_change c
          WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.account_id = a.id
            AND (c.kind = 'outside_selection' OR c.reason LIKE 'still_in:%%')
      )
)
SELECT 'year', graduation_year::text, count(*) FROM expected WHERE graduation_year IS NOT NULL GROUP BY graduation_year
UNION ALL
SELECT 'grade', grade_level, count(*) FROM expected WHERE grade_level IS NOT NULL GROUP BY grade_level
