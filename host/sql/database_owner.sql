-- In the database postgres, after the objects: if a run is interrupted, the next one still finds the previous owner.
SELECT datdba AS previous_owner FROM pg_database WHERE datname = :'database' \gset
ALTER DATABASE :"database" OWNER TO :"owner";
SELECT format('REVOKE %I FROM %I GRANTED BY %I', :'owner', pg_get_userbyid(:previous_owner), pg_get_userbyid(grantor))
  FROM pg_auth_members
  WHERE member = :previous_owner AND roleid = :'owner'::regrole \gexec
