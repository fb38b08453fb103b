-- Ends the sessions of :'login' and says how many there were: one whose client is gone goes on and could still commit.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :'login';
