-- Takes in the active accounts that the roster of a run lacked.
COPY sync_missingaccount (school_id, run_id, account_id) FROM STDIN
