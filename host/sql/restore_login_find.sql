-- The newest login of the app of :'database'. None if the database does not exist yet.
SELECT login.rolname FROM pg_auth_members
  JOIN pg_roles login ON login.oid = member AND login.rolcanlogin
  JOIN pg_roles owner ON owner.oid = roleid AND owner.rolname = :'owner'
  WHERE login.rolname ~ ('^' || :'database' || '_[0-9a-f]{8}$')
  AND EXISTS (SELECT FROM pg_database WHERE datname = :'database')
  ORDER BY login.oid DESC LIMIT 1;
