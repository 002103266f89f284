-- Forgets the changes of a run that is planned anew after its worker died.
DELETE FROM sync_change WHERE school_id = %(school)s AND run_id = %(run)s
