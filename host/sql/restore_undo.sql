-- Before the previous rows: empties all tables, except those that no restore changes.
SELECT 'TRUNCATE ' || string_agg(pg_class.oid::regclass::text, ', ') FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE relkind IN ('r', 'p') AND relpersistence <> 't' AND nspname !~ '^(pg_|information_schema$)' AND pg_has_role(relowner, 'USAGE')
  AND relname NOT IN (SELECT jsonb_array_elements_text(:'excluded_tables'::jsonb))
  AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e' AND objid = pg_class.oid)
  HAVING count(*) > 0 \gexec
