-- Takes in a batch of issues.
COPY sync_issue (school_id, run_id, severity, code, sis_id, name, field, source_field, value, row_number, column_index, other, fingerprint) FROM STDIN
