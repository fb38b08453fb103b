-- The release that a run records itself gets its images, and the time since which they serve: if nobody says how it
-- ended, they do. One that nobody records, as of plain `pulumi up`, is added.
WITH running AS (
  UPDATE public.sertantai_history SET images = :'images', commits = :'commits', ended = now()
  WHERE service = :'service' AND result = 'running' AND seen > now() - interval :'silence'
  AND number = (SELECT max(number) FROM public.sertantai_history WHERE service = :'service') RETURNING number
), last AS (
  SELECT result, images FROM public.sertantai_history WHERE service = :'service' ORDER BY number DESC LIMIT 1
)
INSERT INTO public.sertantai_history (service, number, run, begun, seen, ended, images, commits, result)
  SELECT :'service', coalesce(max(number), 0) + 1, '', now(), now(), now(), :'images', :'commits', 'serves'
  FROM public.sertantai_history WHERE service = :'service' AND NOT EXISTS (SELECT FROM running)
  HAVING NOT EXISTS (SELECT FROM running)
  AND NOT EXISTS (SELECT FROM last WHERE result = 'serves' AND images = :'images'::jsonb);
