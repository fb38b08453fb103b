SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS there \gset
\if :there
  DELETE FROM public.sertantai_marks WHERE split_part(name, '/', 2) = :'service';
\endif
