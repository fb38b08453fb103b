-- In the database postgres: the role of a database's readers. It may connect to that database, and has no other right.
SELECT format('CREATE ROLE %I NOLOGIN', :'group') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'group') \gexec
ALTER ROLE :"group" NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
SELECT format('REVOKE %I FROM %I GRANTED BY %I', pg_get_userbyid(roleid), :'group', pg_get_userbyid(grantor))
  FROM pg_auth_members WHERE member = :'group'::regrole AND roleid <> :'database'::regrole \gexec
GRANT :"database" TO :"group";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC, :"database", :"group";
GRANT CONNECT ON DATABASE :"database" TO :"group";
