CREATE TABLE IF NOT EXISTS public.sertantai_history (
  service text, number int, run text NOT NULL, command text NOT NULL DEFAULT '', who text NOT NULL DEFAULT '',
  commit text NOT NULL DEFAULT '', begun timestamptz NOT NULL, seen timestamptz NOT NULL, ended timestamptz,
  images jsonb NOT NULL, commits jsonb NOT NULL, result text NOT NULL, error text NOT NULL DEFAULT '',
  PRIMARY KEY (service, number)
);
-- A history that begins later than the platform begins with the images that serve.
INSERT INTO public.sertantai_history (service, number, run, begun, seen, ended, images, commits, result)
  SELECT service, 1, '', max(at), max(at), max(at), jsonb_object_agg(part, image), '{}', 'serves' FROM (
    SELECT DISTINCT ON (service, part) * FROM public.sertantai_releases WHERE at > '-infinity'
    ORDER BY service, part, at DESC
  ) AS serving
  WHERE NOT EXISTS (SELECT FROM public.sertantai_history) GROUP BY service;
