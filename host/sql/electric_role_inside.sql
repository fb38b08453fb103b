-- In the service's database: only its owner may change a publication. The database's owner has all publications but
-- those of the other services that share the database, whose groups have a - in their names; such a service names its own.
SELECT format('ALTER PUBLICATION %I OWNER TO %I', pubname, :'group') FROM pg_publication
  WHERE pubowner <> :'group'::regrole AND CASE WHEN :'publication' <> '' THEN pubname = :'publication'
    ELSE pubname ~ '^electric_publication_' AND (pg_get_userbyid(pubowner) !~ '-electric$'
      -- A service that shared the database before it became the owner.
      OR pg_get_userbyid(pubowner) = :'service' || '-electric') END \gexec
-- Until the cut-over its old Electric adds tables to it.
SELECT format('GRANT %I TO %I', :'group', rolname) FROM pg_roles
  WHERE :'publication' = '' AND rolname = :'service' || '-electric' \gexec
