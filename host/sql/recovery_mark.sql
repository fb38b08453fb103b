-- Writes a commit and ends the WAL segment with it: a recovery to a time needs a commit after that time. Prints its LSN.
SELECT pg_current_xact_id() \g /dev/null
SELECT pg_switch_wal();
