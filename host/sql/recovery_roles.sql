-- Before the running cluster's roles are created: nobody is a member of a role, and nobody but the platform can log in.
SELECT format('ALTER ROLE %I NOLOGIN', rolname) FROM pg_roles
  WHERE rolname !~ '^pg_' AND rolname <> 'postgres' AND rolcanlogin \gexec
SELECT format('REVOKE %I FROM %I GRANTED BY %I CASCADE', roleid::regrole, member::regrole, grantor::regrole)
  FROM pg_auth_members WHERE member::regrole::text <> 'postgres' AND member::regrole::text !~ '^pg_' \gexec
