-- Before the rows of the tables in :'tables': nobody else reads or writes these, and they are empty.
CREATE TEMP TABLE dump AS SELECT * FROM jsonb_to_recordset(:'tables'::jsonb) AS dumped (schema text, name text, rows bigint);
SELECT format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', schema, name) FROM dump \gexec
\if :replace
-- Whoever refers to them goes with them, so it must still be empty.
DO $$ DECLARE each record; filled boolean; BEGIN
  FOR each IN WITH RECURSIVE cleared AS (SELECT format('%I.%I', schema, name)::regclass::oid AS oid FROM dump
      UNION SELECT conrelid FROM pg_constraint JOIN cleared ON confrelid = cleared.oid WHERE contype = 'f')
      SELECT oid::regclass AS name FROM cleared EXCEPT SELECT format('%I.%I', schema, name)::regclass FROM dump LOOP
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', each.name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', each.name) INTO filled;
    IF filled THEN RAISE EXCEPTION '% is not empty any more, and would go with what is replaced', each.name; END IF;
  END LOOP;
END $$;
SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schema, name), ', ') || ' CASCADE' FROM dump HAVING count(*) > 0 \gexec
\else
DO $$ DECLARE each record; filled boolean; BEGIN
  FOR each IN SELECT format('%I.%I', schema, name) AS name FROM dump LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || each.name || ')' INTO filled;
    IF filled THEN RAISE EXCEPTION '% is not empty any more', each.name; END IF;
  END LOOP;
END $$;
\endif
