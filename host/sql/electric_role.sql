-- In the database postgres. The publication belongs to this role, whichever login made it. REPLICATION is not
-- inherited: both need it.
SELECT format('CREATE ROLE %I NOLOGIN REPLICATION', :'group')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'group') \gexec
GRANT :"owner" TO :"group";
GRANT CONNECT, CREATE ON DATABASE :"database" TO :"group";
