-- Stores the batch of planned changes that was taken in.
INSERT INTO sync_change (
    school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after,
    row_number, fingerprint, reason, sis_answer, outcome
)
SELECT
    school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after,
    row_number, fingerprint, reason, sis_answer, outcome
FROM pg_temp.staged_changes
