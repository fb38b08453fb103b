SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
  DELETE FROM public.sertantai_marks WHERE split_part(name, '/', 2) = :'service';
\endif
