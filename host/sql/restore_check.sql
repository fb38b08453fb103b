-- Prints the state of the database for a dump of the tables in :'tables', as one JSON document. Run with a login of the app.
CREATE FUNCTION pg_temp.filled(regclass) RETURNS boolean LANGUAGE plpgsql AS
  $$ DECLARE filled boolean; BEGIN EXECUTE 'SELECT EXISTS (SELECT FROM ' || $1 || ')' INTO filled; RETURN filled; END $$;
CREATE TEMP TABLE wanted AS SELECT * FROM jsonb_to_recordset(:'tables'::jsonb) AS dumped (schema text, name text);
CREATE TEMP TABLE relations AS SELECT pg_class.oid, nspname AS schema, relname AS name, relkind AS kind, relowner AS owner,
    pg_has_role(relowner, 'USAGE') AS own, relforcerowsecurity AS forced,
    EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e') AS of_extension
  FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname !~ '^(pg_|information_schema$)' AND (relkind IN ('r', 'p')
    -- The sequence of a serial column goes with its table.
    OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i')));
CREATE TEMP TABLE migrated (version text);
SELECT to_regclass('public.schema_migrations') IS NOT NULL AS table_exists \gset
\if :table_exists
  INSERT INTO migrated SELECT version::text FROM public.schema_migrations;
\endif
-- To empty a table empties the tables that refer to it too.
CREATE TEMP TABLE cleared AS WITH RECURSIVE cleared AS (
    SELECT oid FROM relations JOIN wanted USING (schema, name) WHERE kind <> 'S'
    UNION SELECT conrelid FROM pg_constraint JOIN cleared ON confrelid = cleared.oid WHERE contype = 'f'
  ) SELECT oid FROM cleared;

SELECT jsonb_build_object(
  'major', current_setting('server_version_num')::int / 10000,
  'size_mb', pg_database_size(current_database()) / 1000000,
  'role', current_user,
  'migrations', (SELECT coalesce(jsonb_agg(version), '[]') FROM migrated),
  'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'schema', schema, 'name', name,
      'filled', CASE WHEN own THEN pg_temp.filled(oid) ELSE false END,
      'columns', (SELECT coalesce(jsonb_object_agg(attname, CASE
          WHEN attgenerated <> '' THEN 'generated'
          WHEN attnotnull AND NOT atthasdef AND attidentity = '' THEN 'required' ELSE 'optional' END), '{}')
        FROM pg_attribute WHERE attrelid = relations.oid AND attnum > 0 AND NOT attisdropped),
      -- Bits of tgtype: 4 for INSERT, 32 for TRUNCATE.
      'triggers', (SELECT coalesce(jsonb_agg(tgname ORDER BY tgname), '[]') FROM pg_trigger WHERE tgrelid = relations.oid
        AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & CASE WHEN :'replace'::boolean THEN 36 ELSE 4 END <> 0)
    )), '[]') FROM relations JOIN wanted USING (schema, name) WHERE kind <> 'S'),
  'referring', (SELECT coalesce(jsonb_agg(jsonb_build_array(schema, name)), '[]') FROM relations JOIN cleared USING (oid)
    WHERE (schema, name) NOT IN (SELECT schema, name FROM wanted) AND CASE WHEN own THEN pg_temp.filled(oid) ELSE true END),
  'of_extensions', (SELECT coalesce(jsonb_agg(jsonb_build_array(schema, name)), '[]') FROM relations WHERE of_extension),
  'of_others', (SELECT coalesce(jsonb_agg(jsonb_build_array(schema, name, pg_get_userbyid(owner)) ORDER BY schema, name), '[]')
    FROM relations WHERE NOT own AND NOT of_extension),
  'forced', (SELECT coalesce(jsonb_agg(jsonb_build_array(schema, name) ORDER BY schema, name), '[]') FROM relations WHERE own AND forced)
);
