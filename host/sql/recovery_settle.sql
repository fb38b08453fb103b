-- Electric's slots are in no backup, and its shapes are of another timeline. Without a record of the last cut-over, the next
-- one begins with empty shapes; another object is seen as drift, so the next `up` runs that step again.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
DELETE FROM public.sertantai_marks WHERE kind = 'cutover';
UPDATE public.sertantai_marks SET object = 'of another timeline ' || gen_random_uuid() WHERE kind = 'slot';
\endif
