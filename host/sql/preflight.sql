-- Records the release's images, with a time that excludes them from a rollback. Prints what is wrong with the slot.
INSERT INTO public.sertantai_releases
  SELECT :'service', key, value, '-infinity' FROM jsonb_each_text(:'images'::jsonb)
  ON CONFLICT (service, part, image) DO NOTHING;
SELECT :'path' || ': the replication slot ' || slot_name || ' is ' ||
  CASE WHEN database <> :'database' THEN 'of the database ' || database || ': choose another stream_id'
    ELSE 'held by ' || usename || ', another Electric: stop that Electric first' END
FROM pg_replication_slots LEFT JOIN pg_stat_activity ON pid = active_pid
WHERE slot_name = :'slot' AND (database <> :'database'
  -- The service's old Electric may have another group: a service that shares a database may become its owner.
  OR NOT starts_with(usename, :'group') AND usename !~ ('^(' || :'database' || '_|' || :'service' || '-)electric_'));
