-- The container that took the slot over last, with its cache_generation and the folder of its shapes.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
SELECT object || ' ' || mark FROM public.sertantai_marks WHERE name = :'name';
\endif
