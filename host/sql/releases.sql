CREATE TABLE IF NOT EXISTS public.sertantai_releases (service text, part text, image text, at timestamptz, PRIMARY KEY (service, part, image));
