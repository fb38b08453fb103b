BEGIN;
-- The step `images` has recorded it already, while its run could not: the run's first release creates PostgreSQL.
UPDATE public.sertantai_history SET run = :'run', command = :'command', who = :'who', commit = :'commit'
  WHERE service = :'service' AND run = '' AND begun >= now() - make_interval(secs => :'seconds')
  AND NOT EXISTS (SELECT FROM public.sertantai_history WHERE service = :'service' AND run = :'run');
INSERT INTO public.sertantai_history (service, number, run, command, who, commit, begun, seen, images, commits, result)
  SELECT :'service', coalesce(max(number), 0) + 1, :'run', :'command', :'who', :'commit',
    now() - make_interval(secs => :'seconds'), now(), '{}', '{}', 'running'
  FROM public.sertantai_history WHERE service = :'service' HAVING coalesce(bool_and(run <> :'run'), true);
UPDATE public.sertantai_history SET seen = now(), result = :'result', error = :'error',
  ended = CASE WHEN :'result' <> 'running' THEN now() ELSE ended END,
  images = images || :'images'::jsonb, commits = commits || :'commits'::jsonb, tags = tags || :'tags'::jsonb
  WHERE service = :'service' AND run = :'run';
DELETE FROM public.sertantai_history WHERE service = :'service'
  AND number <= (SELECT max(number) FROM public.sertantai_history WHERE service = :'service') - :kept;
COMMIT;
