-- Stores the batch of active accounts that the roster of a run lacked that was taken in.
INSERT INTO sync_missingaccount (
    school_id, run_id, account_id
)
SELECT
    school_id, run_id, account_id
FROM pg_temp.staged_missing
