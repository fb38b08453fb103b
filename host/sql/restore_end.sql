-- After the rows: as many as the dump has, and sequences that go on after them.
DO $$ DECLARE each record; there bigint; BEGIN
  FOR each IN SELECT format('%I.%I', schema, name) AS name, rows FROM pg_temp.dump LOOP
    EXECUTE 'SELECT count(*) FROM ' || each.name INTO there;
    IF there <> each.rows THEN RAISE EXCEPTION '% has % rows and the dump %', each.name, there, each.rows; END IF;
  END LOOP;
  -- A dump of single tables may lack their sequences.
  FOR each IN SELECT objid::regclass AS sequence, attname, format('%I.%I', schema, name) AS name
      FROM pg_temp.dump JOIN pg_depend ON refobjid = format('%I.%I', schema, name)::regclass AND deptype IN ('a', 'i')
      JOIN pg_class ON pg_class.oid = objid AND relkind = 'S'
      JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid LOOP
    EXECUTE format('SELECT setval(%L, top) FROM (SELECT max(%I)::bigint AS top FROM %s) AS rows, %s WHERE top > last_value OR top = last_value AND NOT is_called',
      each.sequence, each.attname, each.name, each.sequence);
  END LOOP;
  -- Those of tables that are not in the dump stay where they were.
  FOR each IN SELECT stood.* FROM pg_temp.stood JOIN pg_depend ON objid = sequence AND classid = 'pg_class'::regclass
      AND deptype IN ('a', 'i') WHERE refobjid NOT IN (SELECT format('%I.%I', schema, name)::regclass FROM pg_temp.dump) LOOP
    PERFORM setval(each.sequence, each.last_value, each.is_called);
  END LOOP;
END $$;
