SELECT to_regclass('public.sertantai_history') IS NOT NULL AS kept \gset
\if :kept
-- A running release is recorded every 30 s. After a silence, or a later release, whoever ran it is gone: it serves
-- if its images did, by its own last steps or by a plain `pulumi up` that followed.
SELECT coalesce(jsonb_agg(to_jsonb(release) - 'run' - 'seen' - 'place' ORDER BY begun DESC, number DESC), '[]') FROM (
  SELECT *, extract(epoch FROM coalesce(ended, seen) - begun)::float AS seconds,
    row_number() OVER (PARTITION BY service ORDER BY number DESC) AS place
  FROM (
    SELECT service, number, run, command, who, commit, begun, seen, images, commits, tags, error,
      CASE WHEN NOT lost THEN result WHEN ended IS NULL THEN 'interrupted' ELSE 'serves' END AS result,
      CASE WHEN lost OR result <> 'running' THEN coalesce(ended, seen) END AS ended
    FROM (
      SELECT *, result = 'running' AND (seen < now() - interval :'silence'
        OR number < max(number) OVER (PARTITION BY service)) AS lost FROM public.sertantai_history
    ) AS each
  ) AS known
  WHERE :'service' IN ('', service)
) AS release WHERE place <= :last;
\else
SELECT '[]';
\endif
