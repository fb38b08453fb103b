-- A login becomes `role` as it logs in: whatever it makes belongs to that role.
SELECT format('CREATE ROLE %I PASSWORD %L', :'login', :'password')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
ALTER ROLE :"login" LOGIN :replication CONNECTION LIMIT :connections;
GRANT :"role" TO :"login";
ALTER ROLE :"login" SET role = :'role';
-- Of each session, on disk: a query that runs away ends before the disk is full.
ALTER ROLE :"login" SET temp_file_limit = '2GB';
SELECT format('ALTER ROLE %I SET lock_timeout = %L', :'login', :'lock_timeout') WHERE :'lock_timeout' <> '' \gexec
