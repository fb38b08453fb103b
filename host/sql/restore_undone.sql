-- Removes the record of the dump, and commits.
DELETE FROM public.sertantai_restores WHERE digest = :'digest';
SELECT 'DROP TABLE public.sertantai_restores' WHERE NOT EXISTS (SELECT FROM public.sertantai_restores) \gexec
COMMIT;
