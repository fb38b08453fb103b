-- Prints name and fingerprint of each login, slot and rule; a different fingerprint after drift.
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS table_exists \gset
\if :table_exists
SELECT name || ' ' || CASE WHEN
    kind = 'login' AND EXISTS (SELECT FROM pg_roles WHERE rolname = object AND rolcanlogin)
    OR kind = 'slot' AND EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = object)
    OR kind = 'access' AND md5(pg_read_file(current_setting('hba_file')) || pg_read_file(current_setting('ident_file'))) = object
  THEN mark ELSE 'drift-' || left(md5(mark || object), 12) END
FROM public.sertantai_marks WHERE kind <> 'cutover';
\endif
