-- The restored dumps of a database, the newest first, as JSON. Run with a login of the app, which owns the table.
SELECT to_regclass('public.sertantai_restores') IS NOT NULL AS table_exists \gset
\if :table_exists
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'digest', digest, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'path', path
  ) ORDER BY at DESC), '[]') FROM public.sertantai_restores;
\else
SELECT '[]';
\endif
