-- Notes which dump is in, and ends the transaction.
CREATE TABLE IF NOT EXISTS public.sertantai_restores (digest text PRIMARY KEY, path text, at timestamptz DEFAULT now());
INSERT INTO public.sertantai_restores VALUES (:'digest', :'path');
COMMIT;
