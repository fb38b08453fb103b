-- After the rows: checks that there are as many as in the dump, and sets sequences to continue after them.
DO $$ DECLARE item record; loaded bigint; BEGIN
  FOR item IN SELECT format('%I.%I', schema, name) AS name, rows FROM pg_temp.dump LOOP
    EXECUTE 'SELECT count(*) FROM ' || item.name INTO loaded;
    IF loaded <> item.rows THEN RAISE EXCEPTION '% has % rows and the dump %', item.name, loaded, item.rows; END IF;
  END LOOP;
  -- A dump of single tables may lack their sequences.
  FOR item IN SELECT objid::regclass AS sequence, attname, format('%I.%I', schema, name) AS name
      FROM pg_temp.dump JOIN pg_depend ON refobjid = format('%I.%I', schema, name)::regclass AND deptype IN ('a', 'i')
      JOIN pg_class ON pg_class.oid = objid AND relkind = 'S'
      JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid LOOP
    EXECUTE format('SELECT setval(%L, top) FROM (SELECT max(%I)::bigint AS top FROM %s) AS rows, %s WHERE top > last_value OR top = last_value AND NOT is_called',
      item.sequence, item.attname, item.name, item.sequence);
  END LOOP;
  -- Sequences of tables that are not in the dump keep their values.
  FOR item IN SELECT saved.* FROM pg_temp.saved_sequences AS saved JOIN pg_depend ON objid = sequence AND classid = 'pg_class'::regclass
      AND deptype IN ('a', 'i') WHERE refobjid NOT IN (SELECT format('%I.%I', schema, name)::regclass FROM pg_temp.dump) LOOP
    PERFORM setval(item.sequence, item.last_value, item.is_called);
  END LOOP;
END $$;
