-- The accounts for which a person has settled a reason for a hold.
SELECT uuid_send(account_id) FROM sync_settlement
WHERE school_id = %(school)s AND source = %(source)s AND guard = %(guard)s AND account_id IS NOT NULL
