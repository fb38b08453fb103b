-- In the slot's database; one of the same name in another database stays. An unread slot keeps the server's log until the
-- disk is full. An active slot belongs to another Electric: a renamed service may use the same stream id.
SELECT set_config('sertantai.slot', :'slot', false) \g /dev/null
DO $$ BEGIN
  FOR second IN 1..10 LOOP
    EXIT WHEN NOT EXISTS (
      SELECT FROM pg_replication_slots
      WHERE slot_name = current_setting('sertantai.slot') AND database = current_database() AND active);
    PERFORM pg_sleep(1);
  END LOOP;
END $$;
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
  WHERE slot_name = :'slot' AND database = current_database() AND NOT active \g /dev/null
