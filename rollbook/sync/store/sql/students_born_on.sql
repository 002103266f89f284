-- Reads the linked accounts of those who are born on these days once the plan is applied, to compare new accounts with them.
WITH planned AS (
  SELECT account_id, after FROM sync_change
  WHERE school_id = %(school)s AND run_id = %(run)s AND kind IN ('updated', 'returning', 'linked')
    AND (after ? 'first_name' OR after ? 'last_name' OR after ? 'birth_date' OR after ? 'sis_id')
), student AS (
  SELECT coalesce(after ->> 'sis_id', further.sis_id, account.sis_id) AS sis_id,
         coalesce(after ->> 'first_name', first_name) AS first_name,
         coalesce(after ->> 'last_name', last_name) AS last_name,
         CASE WHEN after ? 'birth_date' THEN after ->> 'birth_date' ELSE birth_date::text END AS born,
         account.id
  FROM students_studentaccount account
  LEFT JOIN planned ON planned.account_id = account.id
  LEFT JOIN students_furtherlink further
    ON further.school_id = %(school)s AND further.source = %(source)s AND further.account_id = account.id
  WHERE account.school_id = %(school)s AND (account.source = %(source)s OR further.id IS NOT NULL)
    AND account.sis_id IS NOT NULL AND status <> 'merged'
)
SELECT sis_id, first_name, last_name, born, uuid_send(id) FROM student WHERE born = ANY(%(days)s)
