-- Whether a container has a connection to this database, by one of its addresses.
SELECT 1 FROM pg_stat_activity
  WHERE datname = current_database() AND host(client_addr) = ANY (string_to_array(:'addresses', ' ')) LIMIT 1;
