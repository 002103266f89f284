-- Forgets the issues of a run that is planned anew after its worker died.
DELETE FROM sync_issue WHERE school_id = %(school)s AND run_id = %(run)s
