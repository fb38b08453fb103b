-- In the service's database, after its logins: the group of a service that shared the database goes. It stays while a
-- login or a publication needs it.
SELECT format('REVOKE ALL ON DATABASE %I FROM %I', :'database', rolname) FROM pg_roles WHERE rolname = :'group' \gexec
SELECT format('DROP ROLE %I', rolname) FROM pg_roles WHERE rolname = :'group'
  AND NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = pg_roles.oid)
  AND NOT EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid) \gexec
