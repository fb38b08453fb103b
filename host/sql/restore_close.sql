-- For a restore and for undoing it: enables the triggers again and refreshes materialized views.
SELECT format('ALTER TABLE ONLY %s ENABLE %s TRIGGER %I', "table", CASE enabled WHEN 'A' THEN 'ALWAYS' ELSE 'REPLICA' END, name)
  FROM pg_temp.disabled_triggers \gexec
SET lock_timeout = :'lock_timeout';
SELECT format('REFRESH MATERIALIZED VIEW %s', oid::regclass) FROM pg_class
  WHERE relkind = 'm' AND relispopulated AND pg_has_role(relowner, 'USAGE') ORDER BY oid \gexec
