-- Forgets which accounts an earlier try of this run found missing.
DELETE FROM sync_missingaccount WHERE school_id = %(school)s AND run_id = %(run)s
