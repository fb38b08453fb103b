-- In the service's database, after slot_leave.sql. While another Electric has the slot, the publication is its own.
SELECT format('DROP PUBLICATION IF EXISTS %I', :'publication')
  WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = :'slot' AND database = current_database()) \gexec
