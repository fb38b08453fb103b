-- Opens the one transaction of a restore, or of taking one back. Run as the login of restore_login.sql.
\set VERBOSITY default
SET client_min_messages = warning;
SET statement_timeout = 0;
SET lock_timeout = :'lock_timeout';
BEGIN;
-- A sequence that is set is not set back by a rollback, unless it was made anew in the same transaction.
CREATE TEMP TABLE stood (sequence regclass, last_value bigint, is_called boolean);
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT pg_class.oid::regclass AS sequence FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE relkind = 'S' AND relpersistence = 'p' AND nspname !~ '^(pg_|information_schema$)' AND pg_has_role(relowner, 'USAGE') LOOP
    EXECUTE format('INSERT INTO stood SELECT %L::regclass, last_value, is_called FROM %s', each.sequence, each.sequence);
    EXECUTE format('ALTER SEQUENCE %s RESTART', each.sequence);
    EXECUTE format('SELECT setval(sequence, last_value, is_called) FROM stood WHERE sequence = %L::regclass', each.sequence);
  END LOOP;
END $$;
-- Triggers that fire though the session has none.
CREATE TEMP TABLE held AS SELECT tgrelid::regclass AS "table", tgname AS name, tgenabled AS enabled
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE current_setting('session_replication_role') = 'replica' AND NOT tgisinternal AND tgenabled IN ('A', 'R')
  AND pg_has_role(relowner, 'USAGE');
SELECT format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', "table", name) FROM held \gexec
