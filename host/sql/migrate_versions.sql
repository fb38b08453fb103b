-- As the login of the migration, since the table is the app's: the versions that are applied.
SELECT to_regclass('public.schema_migrations') IS NOT NULL AS there \gset
\if :there
  SELECT left(version::text, 64) FROM public.schema_migrations LIMIT 100000;
\endif
