-- A login for one restore. Like the app's logins, it becomes the owner when it logs in, and has no other rights. It has no
-- password, so nobody can use it over the network. Only the superuser may make these settings: no row reaches the
-- server's log, and :'triggers' is `origin`, or `replica` to run no triggers and check no foreign keys.
SELECT format('CREATE ROLE %I LOGIN', :'login') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
ALTER ROLE :"login" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD NULL;
GRANT :"owner" TO :"login";
ALTER ROLE :"login" SET role = :'owner';
ALTER ROLE :"login" SET log_min_error_statement = 'panic';
ALTER ROLE :"login" SET log_error_verbosity = 'terse';
ALTER ROLE :"login" SET log_min_messages = 'panic';
ALTER ROLE :"login" SET log_min_duration_statement = -1;
ALTER ROLE :"login" SET log_statement = 'none';
ALTER ROLE :"login" SET session_replication_role = :'triggers';
