-- The applied versions. Run with the migrations' login, since the app owns the table.
SELECT to_regclass('public.schema_migrations') IS NOT NULL AS table_exists \gset
\if :table_exists
  SELECT left(version::text, 64) FROM public.schema_migrations LIMIT 100000;
\endif
