-- A login for one restore: like the app's own it becomes the owner as it logs in, and can do no more. It has no password,
-- so nobody logs in as it over the network. What only the superuser may set is set here:
-- no row reaches the server's log, and :'triggers' is whether triggers and foreign keys are checked (origin) or not (replica).
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
