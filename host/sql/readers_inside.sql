-- In the service's database: its readers read all relations of the owner, now and later, and change nothing.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SCHEMAS TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON TABLES TO :"group";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT SELECT ON SEQUENCES TO :"group";
-- A new function may be SECURITY DEFINER, so nobody but the owner calls it until this runs again.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" REVOKE EXECUTE ON ROUTINES FROM PUBLIC;

CREATE TEMP VIEW schemas AS SELECT oid, has_schema_privilege(:'group', oid, 'CREATE') AS writes,
    has_schema_privilege(:'group', oid, 'USAGE') AS reads
  FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)';
SELECT format('REVOKE CREATE ON SCHEMA %s FROM PUBLIC, %I, %I', oid::regnamespace, :'database', :'group')
  FROM schemas WHERE writes \gexec
SELECT format('GRANT USAGE ON SCHEMA %s TO %I', oid::regnamespace, :'group') FROM schemas WHERE NOT reads \gexec

-- What PUBLIC or the role with the database's name has, the readers have too.
CREATE TEMP VIEW relations AS SELECT pg_class.oid, pg_get_userbyid(relowner) = :'owner' AS of_owner,
    has_table_privilege(:'group', pg_class.oid, 'SELECT') AS reads,
    CASE WHEN relkind = 'S' THEN has_sequence_privilege(:'group', pg_class.oid, 'USAGE, UPDATE')
      ELSE has_table_privilege(:'group', pg_class.oid, 'DELETE, TRUNCATE, TRIGGER')
        OR has_any_column_privilege(:'group', pg_class.oid, 'INSERT, UPDATE, REFERENCES') END AS writes
  FROM pg_class JOIN schemas ON schemas.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S');
SELECT format('REVOKE ALL ON %s FROM PUBLIC, %I, %I', oid::regclass, :'database', :'group') FROM relations WHERE writes \gexec
SELECT format('GRANT SELECT ON %s TO %I', oid::regclass, :'group') FROM relations WHERE of_owner AND NOT reads \gexec

-- A function that is SECURITY DEFINER runs with the rights of its owner. Those of extensions are designed for that.
CREATE TEMP VIEW functions AS SELECT oid, prosecdef AS escalates, pg_get_userbyid(proowner) = :'owner' AS of_owner,
    has_function_privilege(:'group', oid, 'EXECUTE') AS calls
  FROM pg_proc WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e');
SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I', oid::regprocedure, :'owner') FROM functions WHERE escalates AND calls \gexec
SELECT format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %I, %I', oid::regprocedure, :'database', :'group')
  FROM functions WHERE escalates AND calls \gexec
SELECT format('GRANT EXECUTE ON ROUTINE %s TO %I', oid::regprocedure, :'group')
  FROM functions WHERE of_owner AND NOT escalates AND NOT calls \gexec
-- Anyone may create large objects, which take disk space.
GRANT EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) TO :"owner";
REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC, :"group";
