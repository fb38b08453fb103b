-- In the service's database: without logins, the role of its readers loses its rights.
SELECT count(*) > 0 AS is_unused FROM pg_roles WHERE rolname = :'group'
  AND NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = pg_roles.oid) \gset
\if :is_unused
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT EXECUTE ON ROUTINES TO PUBLIC;
GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) TO PUBLIC;
REASSIGN OWNED BY :"group" TO :"owner";
DROP OWNED BY :"group";
\endif
