-- Records the restored dump, and commits.
CREATE TABLE IF NOT EXISTS public.sertantai_restores (digest text PRIMARY KEY, path text, at timestamptz DEFAULT now());
INSERT INTO public.sertantai_restores VALUES (:'digest', :'path');
COMMIT;
