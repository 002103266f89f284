-- Counts the accounts that a plan moves from another source to this one, unless a person has settled that it takes over that one's accounts.
SELECT count(*) FROM sync_change c
WHERE c.school_id = %(school)s AND c.run_id = %(run)s AND c.kind = 'linked' AND c.before ->> 'source' NOT IN ('', %(source)s)
  AND NOT EXISTS (
      SELECT 1 FROM sync_settlement s
      WHERE s.school_id = c.school_id AND s.source = %(source)s AND s.guard = 'moved' AND s.moved_from = c.before ->> 'source'
  )
