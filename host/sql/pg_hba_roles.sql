-- Services from before these rules keep serving: their logins become members of their database's role.
SELECT format('CREATE ROLE %I NOLOGIN', datname) FROM pg_database JOIN pg_roles o ON o.oid = datdba
  WHERE o.rolname = datname || '_owner' AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = datname) \gexec
SELECT format('GRANT %I TO %I', datname, o.rolname) FROM pg_database JOIN pg_roles o ON o.oid = datdba
  JOIN pg_roles g ON g.rolname = datname AND NOT g.rolsuper AND NOT g.rolcanlogin
  WHERE o.rolname = datname || '_owner' AND NOT pg_has_role(o.oid, g.oid, 'MEMBER') \gexec
