-- Takes in a batch of planned changes.
COPY pg_temp.staged_changes (
    school_id, run_id, kind, sis_id, account_id, account_version, first_name, last_name, email, before, after,
    row_number, fingerprint, reason, sis_answer, outcome
)
FROM STDIN
