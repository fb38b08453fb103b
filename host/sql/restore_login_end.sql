-- Ends the sessions of :'login' and prints their number. A session without its client continues and could still commit.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'login';
