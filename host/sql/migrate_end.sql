-- Ends the sessions of a login; prints those that do not end. One that waits for a lock does not notice that its client
-- is gone: it keeps its place in the queue, and all who come after it wait for it.
-- MATERIALIZED: a condition with pg_terminate_backend would otherwise be tried on every session of the cluster.
WITH own AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE usename = :'login'),
  ended AS MATERIALIZED (SELECT pid, pg_terminate_backend(pid, 10000) AS has_ended FROM own)
SELECT pid FROM ended WHERE NOT has_ended;
