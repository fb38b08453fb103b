-- In the database postgres: the role of backups. It reads everything and changes nothing.
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" LOGIN REPLICATION BYPASSRLS NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 8 PASSWORD :'password';
GRANT pg_checkpoint, pg_read_all_settings, pg_read_all_stats, pg_read_all_data TO :"role";
GRANT EXECUTE ON FUNCTION pg_backup_start(text, boolean), pg_backup_stop(boolean), pg_create_restore_point(text),
  pg_switch_wal() TO :"role";
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', datname, :'role') FROM pg_database WHERE datallowconn \gexec
