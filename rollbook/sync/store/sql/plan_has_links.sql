-- Tells whether a school has further links, or this plan makes or removes one. In most schools the answer is no, and nothing else is asked.
SELECT EXISTS (SELECT 1 FROM students_furtherlink WHERE school_id = %(school)s)
    OR EXISTS (
        SELECT 1 FROM sync_change
        WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('linked', 'updated') AND after ?| %(link_keys)s
    )
