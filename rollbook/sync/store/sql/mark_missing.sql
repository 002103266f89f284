-- Counts one more complete live run that lacked these accounts. Those that are closed now start anew, should they be opened again.
-- One that would have been closed by now, but is protected, overtaken or left out, is missing all the same.
INSERT INTO students_absence (account_id, school_id, source, runs, since)
SELECT c.account_id, c.school_id, %(source)s, 1, (r.requested_at AT TIME ZONE 'UTC')::date
FROM sync_change c
JOIN sync_run r ON r.id = c.run_id
JOIN students_studentaccount a ON a.id = c.account_id AND a.school_id = c.school_id
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind <> 'new'
  AND (
      (c.kind = 'not_in_roster' AND c.reason <> 'not_sent_paused')
      OR (c.after ->> 'status' IN ('left', 'graduated') AND (c.kind = 'protected' OR c.outcome <> ''))
  )
ON CONFLICT (account_id, source) DO UPDATE SET runs = students_absence.runs + 1
