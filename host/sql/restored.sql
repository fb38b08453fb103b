-- The dumps that a database has, the newest first, as JSON. Run as a login of the app, whose table it is.
SELECT to_regclass('public.sertantai_restores') IS NOT NULL AS there \gset
\if :there
SELECT coalesce(jsonb_agg(jsonb_build_object(
    'digest', digest, 'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'path', path
  ) ORDER BY at DESC), '[]') FROM public.sertantai_restores;
\else
SELECT '[]';
\endif
