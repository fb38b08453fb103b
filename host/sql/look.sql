-- Prints one line of JSON. The fingerprints of now follow by fingerprints.sql, to be compared with the recorded ones.
SET statement_timeout = '3s';
SET lock_timeout = '1s';
SELECT to_regclass('public.sertantai_releases') IS NOT NULL AS released \gset
\if :released
SELECT coalesce(jsonb_object_agg(service || '/' || part, image), '{}') AS images FROM (
  SELECT DISTINCT ON (service, part) * FROM public.sertantai_releases WHERE at > '-infinity' ORDER BY service, part, at DESC
) AS latest \gset
\else
SELECT '{}' AS images \gset
\endif
SELECT to_regclass('public.sertantai_marks') IS NOT NULL AS marked \gset
\if :marked
SELECT coalesce(jsonb_object_agg(name, mark), '{}') AS marks FROM public.sertantai_marks \gset
\else
SELECT '{}' AS marks \gset
\endif
SELECT jsonb_build_object(
  'slots', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'name', slot_name, 'database', slots.database, 'active', active, 'temporary', temporary, 'wal_status', wal_status,
      'retained_mb', round(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) / 1048576),
      'lag_mb', round(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) / 1048576),
      -- replay_lag keeps its last value while nothing is written.
      'lag_s', CASE WHEN sent_lsn > flush_lsn THEN round(extract(epoch FROM replay_lag)::numeric, 1) ELSE 0 END
    ) ORDER BY slot_name), '[]')
    FROM pg_replication_slots AS slots LEFT JOIN pg_stat_replication ON pid = active_pid WHERE NOT temporary),
  'databases', (SELECT jsonb_agg(jsonb_build_object(
      'name', datname, 'size_mb', round(pg_database_size(oid) / 1048576.0), 'connections',
      (SELECT count(*) FROM pg_stat_activity WHERE datid = pg_database.oid)) ORDER BY datname)
    FROM pg_database WHERE NOT datistemplate),
  'connections', jsonb_build_object(
    'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')),
    'limit', current_setting('max_connections')::int),
  'slot_limit_mb', (SELECT setting::int FROM pg_settings WHERE name = 'max_slot_wal_keep_size'),
  'released', :'images'::jsonb, 'marks', :'marks'::jsonb);
