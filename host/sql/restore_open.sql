-- Begins the one transaction of a restore, or of undoing it. Run with the login of restore_login.sql.
\set VERBOSITY default
SET client_min_messages = warning;
SET statement_timeout = 0;
SET lock_timeout = :'lock_timeout';
BEGIN;
-- A rollback does not undo setval, unless the transaction has given the sequence new storage, as RESTART does.
CREATE TEMP TABLE saved_sequences (sequence regclass, last_value bigint, is_called boolean);
DO $$ DECLARE item record; BEGIN
  FOR item IN SELECT pg_class.oid::regclass AS sequence FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE relkind = 'S' AND relpersistence = 'p' AND nspname !~ '^(pg_|information_schema$)' AND pg_has_role(relowner, 'USAGE') LOOP
    EXECUTE format('INSERT INTO saved_sequences SELECT %L::regclass, last_value, is_called FROM %s', item.sequence, item.sequence);
    EXECUTE format('ALTER SEQUENCE %s RESTART', item.sequence);
    EXECUTE format('SELECT setval(sequence, last_value, is_called) FROM saved_sequences WHERE sequence = %L::regclass', item.sequence);
  END LOOP;
END $$;
-- With session_replication_role = replica, ALWAYS and REPLICA triggers still fire.
CREATE TEMP TABLE disabled_triggers AS SELECT tgrelid::regclass AS "table", tgname AS name, tgenabled AS enabled
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
  WHERE current_setting('session_replication_role') = 'replica' AND NOT tgisinternal AND tgenabled IN ('A', 'R')
  AND pg_has_role(relowner, 'USAGE');
SELECT format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', "table", name) FROM disabled_triggers \gexec
