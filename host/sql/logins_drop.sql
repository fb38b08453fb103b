-- Drops the logins that this program created for a role, by membership and by the pattern of their names, except the
-- current ones and those of other services.
SELECT format('REASSIGN OWNED BY %1$I TO %2$I; DROP OWNED BY %1$I; DROP ROLE %1$I', login.rolname, :'role')
  FROM pg_auth_members member
  JOIN pg_roles login ON login.oid = member.member AND login.rolcanlogin
  JOIN pg_roles owner ON owner.oid = member.roleid AND owner.rolname = :'role'
  WHERE login.rolname ~ ('^' || :'prefix' || '(_migrate)?_[0-9a-f]{8}$') AND NOT :'current'::jsonb ? login.rolname::text
  AND NOT :'others'::jsonb ? login.rolname::text
  -- Without a current login, those with a session stay: a renamed service may use the same database.
  AND (:'current' <> '[]' OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = login.rolname))
\gexec
