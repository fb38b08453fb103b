-- Prints schema, table and exact number of rows of every table that is small enough, as JSON lines. Run with a login that
-- has the rights of the database's owner alone. A table that it cannot count in time is left out.
\set ON_ERROR_STOP 0
SET statement_timeout = '60s';
SELECT format('SELECT json_build_array(%L, count(*)) FROM ONLY %s', oid::regclass, oid::regclass) FROM pg_class
  WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information_schema$)' AND relpersistence = 'p'
    AND pg_table_size(oid) < :'most'::bigint
  ORDER BY oid::regclass::text \gexec
