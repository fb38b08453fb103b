-- In the service's database: give its objects to the owner. database_owner.sql follows.
SELECT datdba AS previous_owner FROM pg_database WHERE datname = :'database' \gset
-- The changes below would fire event triggers as the superuser, with functions that the app will own.
CREATE TEMP VIEW enabled AS SELECT evtname AS name FROM pg_event_trigger WHERE evtenabled <> 'D' AND NOT EXISTS (
  SELECT FROM pg_depend WHERE classid = 'pg_event_trigger'::regclass AND objid = pg_event_trigger.oid AND deptype = 'e');
SELECT :'database' || ': the event trigger ' || name || ' is switched off' FROM enabled;
SELECT format('ALTER EVENT TRIGGER %I DISABLE', name) FROM enabled \gexec
CREATE SCHEMA IF NOT EXISTS public;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO :"owner";

-- Objects of superusers and of the previous owner become the owner's, so that the app can change them. Objects of
-- extensions and of other roles stay as they are.
SELECT format('ALTER %s %s OWNER TO %I', kind, name, :'owner') FROM (
    SELECT 'TABLE', oid::regclass::text, 'pg_class'::regclass, oid, relowner, relnamespace FROM pg_class
      -- The sequence of a serial column goes with its table.
      WHERE relkind IN ('r', 'p', 'v', 'm', 'f') OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype IN ('a', 'i'))
    UNION ALL
    SELECT 'ROUTINE', oid::regprocedure::text, 'pg_proc'::regclass, oid, proowner, pronamespace FROM pg_proc
    UNION ALL
    SELECT 'TYPE', oid::regtype::text, 'pg_type'::regclass, oid, typowner, typnamespace FROM pg_type
      WHERE typtype IN ('d', 'e', 'r') OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')
    UNION ALL
    SELECT 'SCHEMA', oid::regnamespace::text, 'pg_namespace'::regclass, oid, nspowner, oid FROM pg_namespace
      WHERE nspname <> 'public'
  ) AS thing (kind, name, class, oid, holder, schema)
  WHERE holder IN (SELECT oid FROM pg_roles WHERE rolsuper UNION SELECT :previous_owner) AND holder <> :'owner'::regrole
    AND (SELECT nspname FROM pg_namespace WHERE oid = schema) !~ '^(pg_|information_schema$)'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = class AND d.objid = thing.oid AND d.deptype = 'e') \gexec

SELECT format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA public', name)
  FROM jsonb_array_elements_text(:'extensions'::jsonb) AS name \gexec
