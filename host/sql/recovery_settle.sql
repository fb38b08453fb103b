-- Electric's slots are in no backup, and its shapes are of another timeline: the next cut-over begins with empty ones. A
-- login or a database may be missing too. Without their records, the next `up` makes all of them again.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
DELETE FROM public.sertantai_marks WHERE kind <> 'access';
\endif
