-- Electric's slots are in no backup, and its shapes are of a later moment: the next cut-over begins with empty ones.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
DELETE FROM public.sertantai_marks WHERE kind IN ('slot', 'cutover');
\endif
