-- In the database postgres. This role owns the publication, whichever login has created it. REPLICATION is not
-- inherited, so both the role and its login need it.
SELECT format('CREATE ROLE %I NOLOGIN REPLICATION', :'group')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'group') \gexec
GRANT :"owner" TO :"group";
GRANT CONNECT, CREATE ON DATABASE :"database" TO :"group";
