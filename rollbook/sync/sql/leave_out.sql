-- Approving additions and updates only: rows that close an account, change a sign-in address or give an account another SIS ID stay out.
UPDATE sync_change SET outcome = 'left_out'
WHERE school_id = %(school)s AND run_id = %(run)s AND outcome = ''
  AND (
      kind IN ('left', 'graduated')
      OR reason = 're_keyed'
      OR (kind IN ('linked', 'updated', 'returning') AND after ? 'email_key' AND before ? 'email_key')
  )
