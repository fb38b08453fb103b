-- In the slot's own database. An unread slot keeps the server's log until the disk is full.
SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
  WHERE slot_name = :'slot' AND active_pid IS NOT NULL \g /dev/null
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = :'slot' \g /dev/null
