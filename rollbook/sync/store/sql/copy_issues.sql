-- Takes in a batch of issues.
COPY pg_temp.staged_issues (
    school_id, run_id, severity, code, sis_id, name, field, source_field, value, row_number, column_index, other,
    fingerprint
)
FROM STDIN
