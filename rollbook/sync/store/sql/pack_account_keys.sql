-- The keys of the accounts that only this source is linked to, packed as AccountKey packs them and many in a row, with the length of each.
-- Closed accounts have no fingerprint: those that left or graduated come back, and a report lists those that stay deactivated.
SELECT string_agg(key, ''), string_agg(int2send(length(key)::int2), '')
FROM (
    SELECT uuid_send(id)
           || CASE WHEN status NOT IN ('left', 'graduated', 'deactivated') AND octet_length(source_fingerprint) = 16
              THEN '\x01'::bytea || source_fingerprint ELSE '\x0000000000000000000000000000000000' END
           || '\x01'::bytea || int2send(octet_length(sis_id)::int2) || convert_to(sis_id, 'UTF8') || convert_to(email_key, 'UTF8') AS key,
           row_number() OVER () / 4096 AS part
    FROM students_studentaccount
    WHERE school_id = %(school)s AND source = %(source)s AND sis_id IS NOT NULL AND status <> 'merged' AND id <> ALL(%(ids)s::uuid[])
) packed
GROUP BY part
