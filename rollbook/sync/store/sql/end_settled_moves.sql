-- Forgets that another source may take over the accounts of this one: it is at work again.
DELETE FROM sync_settlement WHERE school_id = %(school)s AND guard = 'moved' AND moved_from = %(source)s
