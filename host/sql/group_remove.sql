-- In the database postgres: a group without logins loses its rights on the database, and goes once nothing needs it, such
-- as a publication that it owns.
SELECT format('REVOKE ALL ON DATABASE %I FROM %I', :'database', rolname) FROM pg_roles
  WHERE rolname = :'group' AND NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = pg_roles.oid) \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles
  WHERE rolname = :'group' AND NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = pg_roles.oid)
  AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid) \gexec
