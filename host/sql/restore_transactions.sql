-- Transactions in the whole cluster that a new replication slot would wait for, except those of its services' logins.
SELECT coalesce(jsonb_agg(jsonb_build_object('pid', pid, 'database', datname, 'user', usename,
    'since', to_char(xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS')) ORDER BY xact_start), '[]')
  FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
  AND xact_start < now() - make_interval(secs => :'min_age_s'::float)
  AND NOT (datname = :'database' AND usename ~ :'logins');
