-- Empties the table of this session for the next batch.
TRUNCATE pg_temp.staged_issues
