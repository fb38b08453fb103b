-- In the service's database: only its owner may change a publication.
SELECT format('ALTER PUBLICATION %I OWNER TO %I', pubname, :'group') FROM pg_publication
  WHERE pubname ~ '^electric_publication_' AND pubowner <> :'group'::regrole \gexec
