-- What the restore test needs to know of the live cluster, as one JSON object.
SELECT json_build_object(
  'databases', (SELECT json_object_agg(datname, pg_database_size(oid)) FROM pg_database
    WHERE datallowconn AND NOT datistemplate),
  'prepared', current_setting('max_prepared_transactions')::int,
  'locks', current_setting('max_locks_per_transaction')::int
);
