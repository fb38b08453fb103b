-- How far archiving is, as one JSON object.
SELECT json_build_object(
  'system', (SELECT system_identifier::text FROM pg_control_system()),
  'wal', (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
  'timeline', ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int,
  'lsn', (pg_current_wal_insert_lsn() - '0/0')::bigint,
  'last_wal', coalesce(last_archived_wal, ''),
  'last_time', coalesce(to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''),
  'failed_wal', CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity') THEN last_failed_wal ELSE '' END
) FROM pg_stat_archiver;
