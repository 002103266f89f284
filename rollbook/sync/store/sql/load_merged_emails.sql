-- Reads which of these addresses belonged to accounts that were merged into others.
SELECT lower(email)
FROM students_studentaccount
WHERE school_id = %(school)s AND status = 'merged' AND lower(email) = ANY(%(email_keys)s)
