-- Takes in a batch of active accounts that the roster of a run lacked.
COPY pg_temp.staged_missing (
    school_id, run_id, account_id
)
FROM STDIN
