-- Records the serving images. Prints the images that are older than the kept ones of each part that had them.
INSERT INTO public.sertantai_releases
  SELECT :'service', key, value, now() FROM jsonb_each_text(:'images'::jsonb)
  ON CONFLICT (service, part, image) DO UPDATE SET at = now();
SELECT image FROM (
    SELECT *, row_number() OVER (PARTITION BY service, part ORDER BY at DESC) AS place FROM public.sertantai_releases
  ) AS releases
  GROUP BY image HAVING bool_or(service = :'service')
  AND bool_and(place > CASE service WHEN :'service' THEN :keep ELSE :kept END);
