-- Reads which accounts with these addresses left or graduated long enough ago to give them up by the school's rule.
SELECT uuid_send(a.id)
FROM students_studentaccount a
JOIN sync_run r ON r.id = %(run)s AND r.school_id = a.school_id
WHERE a.school_id = %(school)s AND a.email_key = ANY(%(email_keys)s) AND a.status IN ('left', 'graduated')
  AND coalesce(a.closed_at, a.updated_at) <= r.requested_at - make_interval(days => %(days)s)
