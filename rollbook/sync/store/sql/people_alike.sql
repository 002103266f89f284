-- Reads who may be alike once a plan is applied: everybody of the school who is born on the day of somebody whom the plan makes, renames or
-- opens, and has the same first letters of both names. Before and after the plan is applied these are the same people.
-- Of 100,000 new students they are a few thousand; all of them took 50 MB and a second. Most names begin with plain letters, for which the
-- function that folds names need not be called: it takes 4 µs.
-- Only those in `among` are looked at, where it is given.
WITH touched AS MATERIALIZED (
  SELECT account_id AS id, sis_id, first_name, last_name, (after ->> 'birth_date')::date AS born, coalesce(after ->> 'status', 'active') AS status,
         row_number, TRUE AS is_new, TRUE AS is_touched, '' AS source
  FROM sync_change
  WHERE school_id = %(school)s AND run_id = %(run)s AND kind = 'new' AND outcome = ''
    AND (%(among)s::uuid[] IS NULL OR account_id = ANY(%(among)s::uuid[]))
  UNION ALL
  SELECT a.id, coalesce(p.after ->> 'sis_id', a.sis_id), coalesce(p.after ->> 'first_name', a.first_name), coalesce(p.after ->> 'last_name', a.last_name),
         CASE WHEN p.after ? 'birth_date' THEN (p.after ->> 'birth_date')::date ELSE a.birth_date END, coalesce(p.after ->> 'status', a.status),
         p.row_number, FALSE, TRUE, coalesce(p.after ->> 'source', a.source)
  FROM sync_change p JOIN students_studentaccount a ON a.id = p.account_id AND a.school_id = %(school)s
  WHERE p.school_id = %(school)s AND p.run_id = %(run)s AND p.kind = ANY(%(updating)s) AND p.outcome = ''
    AND p.after ?| ARRAY['first_name', 'last_name', 'birth_date', 'status', 'sis_id']
), person AS MATERIALIZED (
  SELECT *,
         CASE WHEN last_name ~ '^[A-Za-z]{2}' THEN lower(left(last_name, 2)) ELSE left(replace(students_fold(left(last_name, 4)), ' ', ''), 2) END || ' '
         || CASE WHEN first_name ~ '^[A-Za-z]' THEN lower(left(first_name, 1)) ELSE left(students_fold(left(first_name, 3)), 1) END AS letters
  FROM (
      SELECT * FROM touched WHERE born IS NOT NULL
      UNION ALL
      SELECT id, sis_id, first_name, last_name, birth_date, status, NULL, FALSE, FALSE, source
      FROM students_studentaccount
      WHERE school_id = %(school)s AND birth_date IN (SELECT born FROM touched) AND id NOT IN (SELECT id FROM touched)
        AND (%(among)s::uuid[] IS NULL OR id = ANY(%(among)s::uuid[]))
  ) everybody
  WHERE status <> 'merged'
), several AS (
  SELECT born, letters FROM person GROUP BY born, letters HAVING count(*) > 1 AND bool_or(is_touched)
)
SELECT uuid_send(person.id), coalesce(further.sis_id, person.sis_id), first_name, last_name, born::text, status, row_number, is_new, is_touched,
       (person.source = %(source)s OR further.id IS NOT NULL) AND person.sis_id IS NOT NULL
FROM person
LEFT JOIN students_furtherlink further ON further.school_id = %(school)s AND further.source = %(source)s AND further.account_id = person.id
WHERE (born, letters) IN (SELECT born, letters FROM several)
