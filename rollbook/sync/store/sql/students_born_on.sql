-- Reads the linked accounts of those who are born on these days once the plan is applied, to compare new accounts with them.
WITH planned AS (
  SELECT account_id, after FROM sync_change
  WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('updated', 'returning', 'linked')
    AND (after ? 'first_name' OR after ? 'last_name' OR after ? 'birth_date' OR after ? 'sis_id')
), student AS (
  SELECT coalesce(after ->> 'sis_id', sis_id) AS sis_id,
         coalesce(after ->> 'first_name', first_name) AS first_name,
         coalesce(after ->> 'last_name', last_name) AS last_name,
         CASE WHEN after ? 'birth_date' THEN after ->> 'birth_date' ELSE birth_date::text END AS born,
         id
  FROM students_studentaccount LEFT JOIN planned ON account_id = id
  WHERE school_id = %(school)s AND source = %(source)s AND sis_id IS NOT NULL AND status <> 'merged'
)
SELECT sis_id, first_name, last_name, born, uuid_send(id) FROM student WHERE born = ANY(%(days)s)
