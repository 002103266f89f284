-- Ends the sessions that work on a run whose lease has expired, and that wait for their worker.
SELECT pg_terminate_backend(session.pid)
FROM pg_stat_activity AS session
JOIN sync_run AS run ON session.application_name = 'rollbook run ' || run.id
WHERE run.state IN ('fetching', 'applying')
  AND run.lease_until < now()
  AND session.usename = session_user
  AND session.wait_event = 'ClientRead'
  AND session.state_change < now() - make_interval(secs => %(seconds)s)
