-- Stores the batch of issues that was taken in.
INSERT INTO sync_issue (
    school_id, run_id, severity, code, sis_id, name, field, source_field, value, row_number, column_index, other,
    fingerprint
)
SELECT
    school_id, run_id, severity, code, sis_id, name, field, source_field, value, row_number, column_index, other,
    fingerprint
FROM pg_temp.staged_issues
