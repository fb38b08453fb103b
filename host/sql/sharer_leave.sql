-- In the database postgres: logins and Electric's group that serve the service on another database by now stay. They lose
-- their rights on this one. Prints their names.
CREATE TEMP VIEW moved AS SELECT oid, rolname AS name FROM pg_roles
  WHERE (rolname = :'group' OR rolname ~ ('^' || :'prefix' || '(_migrate)?_[0-9a-f]{8}$'))
  AND EXISTS (SELECT FROM pg_auth_members JOIN pg_database ON datdba = roleid
    WHERE member = pg_roles.oid AND pg_get_userbyid(datdba) <> :'owner');
SELECT format('REVOKE %I FROM %I', :'owner', name) FROM moved
  WHERE EXISTS (SELECT FROM pg_auth_members WHERE member = moved.oid AND pg_get_userbyid(roleid) = :'owner') \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM %I', datname, name) FROM moved JOIN pg_database ON datname = :'database' \gexec
SELECT name FROM moved;
