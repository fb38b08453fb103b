-- Which container took the slot over last, in which cache_generation, and in which folder its shapes lie.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS there \gset
\if :there
SELECT object || ' ' || mark FROM public.sertantai_marks WHERE name = :'name';
\endif
