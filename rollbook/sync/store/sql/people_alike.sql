-- Reads who may be alike once a plan is applied: everybody of the school who is born on the day of somebody whom the plan makes, renames or
-- opens, and has the same first letters of both names. Before and after the plan is applied these are the same people.
-- Of 100,000 new students they are a few thousand; all of them took 50 MB and a second. Most names begin with plain letters, for which the
-- function that folds names need not be called: it takes 4 µs.
WITH touched AS MATERIALIZED (
  SELECT account_id, sis_id, first_name, last_name, after, kind, row_number
  FROM sync_change
  WHERE school_id = %(school)s AND run_id = %(run)s AND kind = ANY(%(writing)s) AND outcome = ''
    AND (kind = 'new' OR after ?| ARRAY['first_name', 'last_name', 'birth_date', 'status', 'sis_id'])
), made AS (
  SELECT account_id AS id, sis_id, first_name, last_name, after ->> 'birth_date' AS born, coalesce(after ->> 'status', 'active') AS status,
         row_number, TRUE AS is_new, TRUE AS is_touched, FALSE AS is_linked
  FROM touched WHERE kind = 'new' AND after ->> 'birth_date' IS NOT NULL
), held AS (
  SELECT a.id, coalesce(t.after ->> 'sis_id', further.sis_id, a.sis_id) AS sis_id, coalesce(t.after ->> 'first_name', a.first_name) AS first_name,
         coalesce(t.after ->> 'last_name', a.last_name) AS last_name,
         CASE WHEN t.after ? 'birth_date' THEN t.after ->> 'birth_date' ELSE a.birth_date::text END AS born,
         coalesce(t.after ->> 'status', a.status) AS status, t.row_number, FALSE AS is_new, t.account_id IS NOT NULL AS is_touched,
         (a.source = %(source)s OR further.id IS NOT NULL) AND a.sis_id IS NOT NULL AS is_linked
  FROM students_studentaccount a
  LEFT JOIN touched t ON t.account_id = a.id
  LEFT JOIN students_furtherlink further ON further.school_id = %(school)s AND further.source = %(source)s AND further.account_id = a.id
  WHERE a.school_id = %(school)s AND (t.kind IS NULL OR t.kind <> 'new')
), days AS MATERIALIZED (
  SELECT DISTINCT born FROM made UNION SELECT DISTINCT born FROM held WHERE is_touched
), person AS MATERIALIZED (
  SELECT *,
         CASE WHEN last_name ~ '^[A-Za-z]{2}' THEN lower(left(last_name, 2)) ELSE left(replace(students_fold(left(last_name, 4)), ' ', ''), 2) END || ' '
         || CASE WHEN first_name ~ '^[A-Za-z]' THEN lower(left(first_name, 1)) ELSE left(students_fold(left(first_name, 3)), 1) END AS letters
  FROM (SELECT * FROM made UNION ALL SELECT * FROM held) each
  WHERE born IN (SELECT born FROM days WHERE born IS NOT NULL) AND status <> 'merged'
), several AS (
  SELECT born, letters FROM person GROUP BY born, letters HAVING count(*) > 1 AND bool_or(is_touched)
)
SELECT uuid_send(id), sis_id, first_name, last_name, born, status, row_number, is_new, is_touched, is_linked
FROM person WHERE (born, letters) IN (SELECT born, letters FROM several)
