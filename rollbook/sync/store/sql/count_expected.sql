-- How many accounts a roster should have: linked to its source by the first or a further link, active, not found outside the selected grades.
SELECT (SELECT count(*) FROM students_studentaccount a WHERE a.school_id = %(school)s AND a.source = %(source)s AND a.status = 'active')
     + (SELECT count(*) FROM students_furtherlink l JOIN students_studentaccount a ON a.id = l.account_id
        WHERE l.school_id = %(school)s AND l.source = %(source)s AND a.status = 'active')
     - (SELECT count(*) FROM sync_change c JOIN students_studentaccount a ON a.id = c.account_id
        WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'outside_selection' AND a.status = 'active')
