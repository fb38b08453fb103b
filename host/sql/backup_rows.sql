-- Prints the rows and a checksum of each table of a database, one JSON object a line, in the caller's transaction.
-- A table is announced first, as changed: so it stays if it cannot be read, since it was dropped or is damaged.
-- Another `relfilenode` than the snapshot's: it was truncated or rewritten after the snapshot, which then sees no rows.
-- A savepoint that is rolled back ends the lock on the table at once: a migration waits for one table, not for all.
SELECT
  format('SELECT json_build_object(''table'', %L, ''changed'', true)', name),
  'SAVEPOINT one',
  format(
    'SELECT json_build_object(''table'', %L, ''rows'', count(*), '
    '''sum'', coalesce(sum(hashtextextended(ROW(x.*)::text, 0)), 0)::text, '
    '''changed'', pg_relation_filenode(%s) IS DISTINCT FROM %s) FROM %s AS x', name, oid, relfilenode, name),
  'ROLLBACK TO one',
  'RELEASE one'
FROM (
  SELECT c.oid, c.relfilenode, c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p' AND c.relispopulated
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
  ORDER BY c.oid
) AS tables \gexec
