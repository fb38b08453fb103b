-- In the database postgres: the owner, the role whose members may connect (pg_hba.conf), and the database.
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM (VALUES (:'owner'), (:'database')) AS role (name)
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
-- The role with the database's name grants nothing else, even if it existed before.
ALTER ROLE :"database" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
SELECT format('REVOKE %I FROM %I GRANTED BY %I', pg_get_userbyid(roleid), :'database', pg_get_userbyid(grantor))
  FROM pg_auth_members WHERE member = :'database'::regrole \gexec
GRANT :"database" TO :"owner";
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
-- Not a session option like the others: servers before version 17 refuse a session with it.
SELECT format('ALTER DATABASE %I RESET transaction_timeout', :'database')
  FROM pg_settings WHERE name = 'transaction_timeout' \gexec
-- Here, not in the service's database: a lock counts in one database only, and two steps that change the same row of
-- pg_database at a time fail ("tuple concurrently updated").
REVOKE ALL ON DATABASE :"database", postgres FROM PUBLIC;
-- The step `backup-role` does so for the databases that exist.
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', :'database', rolname) FROM pg_roles WHERE rolname = 'sertantai_backup' \gexec
