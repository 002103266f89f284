-- Makes the table of this session that takes in planned changes by COPY; the wall around sync_change allows none.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_changes AS
SELECT
    school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after,
    row_number, fingerprint, reason, sis_answer, outcome
FROM sync_change
WITH NO DATA
