-- A login becomes `role` when it logs in, so that role owns everything that it creates.
SELECT format('CREATE ROLE %I PASSWORD %L', :'login', :'password')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
ALTER ROLE :"login" LOGIN :replication CONNECTION LIMIT :connections;
GRANT :"role" TO :"login";
ALTER ROLE :"login" IN DATABASE :"database" SET role = :'role';
-- Everywhere else the first one: an operator may create its database again. A login can serve on two databases for a time.
SELECT format('ALTER ROLE %I SET role = %L', :'login', :'role') WHERE NOT EXISTS (
  SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting
    WHERE setrole = :'login'::regrole AND setdatabase = 0 AND setting LIKE 'role=%') \gexec
-- Per session: a runaway query ends before it fills the disk.
ALTER ROLE :"login" SET temp_file_limit = '2GB';
SELECT format('ALTER ROLE %I SET lock_timeout = %L', :'login', :'lock_timeout') WHERE :'lock_timeout' <> '' \gexec
