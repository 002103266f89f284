-- Holds the accounts a plan is about to write still, in one order, so that two writers can't deadlock.
SELECT count(*) FROM (
    SELECT a.id
    FROM students_studentaccount a
    JOIN sync_change c ON c.account_id = a.id
    WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND (c.kind = ANY(%(updating)s) OR c.kind = 'unchanged')
      AND a.school_id = %(school)s
    ORDER BY a.id
    FOR UPDATE OF a
) locked
