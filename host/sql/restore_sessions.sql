-- Sessions on :'database' over the network: address, role, and whether the role is one of the service's logins.
SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_object('address', host(client_addr), 'user', usename,
    'own', usename ~ ('^' || :'database' || '(_electric|_migrate)?_[0-9a-f]{8}$'))), '[]')
  FROM pg_stat_activity WHERE datname = :'database' AND client_addr IS NOT NULL;
