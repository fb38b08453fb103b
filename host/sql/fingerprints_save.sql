CREATE TABLE IF NOT EXISTS public.sertantai_marks (name text PRIMARY KEY, kind text, object text, mark text);
INSERT INTO public.sertantai_marks
  SELECT * FROM jsonb_to_recordset(:'fingerprints'::jsonb) AS thing (name text, kind text, object text, mark text)
  ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, object = excluded.object, mark = excluded.mark;
