-- In the database postgres: the current logins, as a list, except those whose fingerprints have these names.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
  SELECT coalesce(jsonb_agg(object), '[]') FROM public.sertantai_marks WHERE kind = 'login' AND name !~ :'own';
\else
  SELECT '[]';
\endif
