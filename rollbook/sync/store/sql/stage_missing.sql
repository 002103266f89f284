-- Makes the table of this session that takes in active accounts that the roster of a run lacked by COPY; the wall around sync_missingaccount allows none.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_missing AS
SELECT
    school_id, run_id, account_id
FROM sync_missingaccount
WITH NO DATA
