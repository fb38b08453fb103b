-- Ends the sessions of a login, and prints those that do not end. A session that waits for a lock does not notice that
-- its client is gone, and later sessions wait behind it.
-- MATERIALIZED: otherwise the condition with pg_terminate_backend might be evaluated for all sessions of the cluster.
WITH own AS MATERIALIZED (SELECT pid FROM pg_stat_activity WHERE usename = :'login'),
  ended AS MATERIALIZED (SELECT pid, pg_terminate_backend(pid, 10000) AS has_ended FROM own)
SELECT pid FROM ended WHERE NOT has_ended;
