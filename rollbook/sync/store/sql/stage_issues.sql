-- Makes the table of this session that takes in issues by COPY; the wall around sync_issue allows none.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_issues AS
SELECT
    school_id, run_id, severity, code, sis_id, name, field, source_field, value, row_number, column_index, other,
    fingerprint
FROM sync_issue
WITH NO DATA
