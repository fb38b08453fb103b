-- Before the rows: locks the tables in :'tables' and makes sure that they are empty.
CREATE TEMP TABLE dump AS SELECT * FROM jsonb_to_recordset(:'tables'::jsonb) AS dumped (schema text, name text, rows bigint);
SELECT format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', schema, name) FROM dump \gexec
\if :replace
-- TRUNCATE ... CASCADE empties referring tables too, so they must still be empty.
DO $$ DECLARE relation record; filled boolean; BEGIN
  FOR relation IN WITH RECURSIVE cleared AS (SELECT format('%I.%I', schema, name)::regclass::oid AS oid FROM dump
      UNION SELECT conrelid FROM pg_constraint JOIN cleared ON confrelid = cleared.oid WHERE contype = 'f')
      SELECT oid::regclass AS name FROM cleared EXCEPT SELECT format('%I.%I', schema, name)::regclass FROM dump LOOP
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation.name);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', relation.name) INTO filled;
    IF filled THEN RAISE EXCEPTION '% is no longer empty, and would be emptied with the replaced tables', relation.name; END IF;
  END LOOP;
END $$;
SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schema, name), ', ') || ' CASCADE' FROM dump HAVING count(*) > 0 \gexec
\else
DO $$ DECLARE relation record; filled boolean; BEGIN
  FOR relation IN SELECT format('%I.%I', schema, name) AS name FROM dump LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || relation.name || ')' INTO filled;
    IF filled THEN RAISE EXCEPTION '% is no longer empty', relation.name; END IF;
  END LOOP;
END $$;
\endif
