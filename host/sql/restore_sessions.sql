-- Sessions on :'database' over the network: address, role, and whether the role is one of its services' logins. Logins
-- that only read are left out: no row of theirs can be lost.
SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('address', host(client_addr), 'user', usename,
    'own', usename ~ :'logins')), '[]')
  FROM pg_stat_activity WHERE datname = :'database' AND client_addr IS NOT NULL AND usename !~ '-reads_[0-9a-f]{8}$';
