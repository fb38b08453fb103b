"""The database's tables: their columns, their rows, and which of them are published."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from psycopg2 import extensions, sql

from .definition import Definition, Invalid
from .pgoutput import Row
from .storage import Shape, Snapshot

TABLE = """
    select c.oid, relreplident from pg_class c join pg_namespace n on n.oid = relnamespace
    where (nspname, relname) = (%s, %s) and relkind in ('r', 'p')
"""
COLUMNS = """
    select attname, coalesce(e.typname, t.typname), atttypid, attndims, attnotnull, attgenerated <> '',
        coalesce(array_position(indkey::int2[], attnum), -1),
        case when t.typname in ('varchar', 'text') and atttypmod > 0 then atttypmod - 4 end
    from pg_attribute
    join pg_type t on t.oid = atttypid
    left join pg_type e on e.oid = t.typelem and t.typcategory = 'A'
    left join pg_index on indrelid = attrelid and indisprimary
    where attrelid = %s and attnum > 0 and not attisdropped
    order by attnum
"""
PUBLISHED = """
    select 1 from pg_publication_rel r join pg_publication p on p.oid = prpubid where pubname = %s and prrelid = %s
"""
BATCH = 1000


class Column(NamedTuple):
    """A table's column. `key` is its place in the primary key, or -1."""

    name: str
    type: str
    oid: int
    dimensions: int
    required: bool
    generated: bool
    key: int
    max_length: int | None

    def described(self) -> dict[str, object]:
        """Returns its entry in the header `electric-schema`."""
        optional = {
            "dims": self.dimensions or None,
            "pk_index": None if self.key < 0 else self.key,
            "not_null": self.required or None,
            "max_length": self.max_length,
        }
        return {"type": self.type, **{name: value for name, value in optional.items() if value is not None}}


class Table(NamedTuple):
    """A table that shapes can read."""

    oid: int
    whole_rows: bool
    columns: list[Column]

    @property
    def primary_key(self) -> list[str]:
        """The primary key's columns in order, empty without one."""
        return [column.name for column in sorted(self.columns, key=lambda one: one.key) if column.key >= 0]

    def chosen(self, names: Sequence[str] | None) -> list[Column]:
        """Returns the columns of a shape, by default all. Raises `Invalid`, for example for a generated column."""
        names = [column.name for column in self.columns] if names is None else names
        known = {column.name: column for column in self.columns}
        faults = {
            "The list of columns must include all primary key columns, missing: ": set(self.primary_key) - set(names),
            "The following columns are not found on the table: ": set(names) - known.keys(),
            "The following columns are generated and cannot be included in the shape: ": {
                name for name in names if name in known and known[name].generated
            },
        }
        for words, wrong in faults.items():
            if wrong:
                raise Invalid({"columns": [words + ", ".join(sorted(wrong))]})
        return [known[name] for name in names]


def find(cursor: extensions.cursor, wanted: Definition) -> Table:
    """Finds the table of a definition. Raises `Invalid`."""
    cursor.execute(TABLE, (wanted.schema, wanted.table))
    if (found := cursor.fetchone()) is None:
        hint = "If the table name contains capitals or special characters you must quote it."
        raise Invalid({"table": [f'Table "{wanted.schema}"."{wanted.table}" does not exist. {hint}']})
    oid, identity = found
    cursor.execute(COLUMNS, (oid,))
    return Table(oid, identity == "f", [Column(*row) for row in cursor])


def publish(cursor: extensions.cursor, publication: str, table: Table, wanted: Definition) -> None:
    """Publishes the table, so that the stream has all its changes with complete old rows."""
    name = sql.Identifier(wanted.schema, wanted.table)
    cursor.execute(PUBLISHED, (publication, table.oid))
    if cursor.fetchone() and table.whole_rows:
        return
    # Without the lock, changes of already running transactions would not be published.
    cursor.execute(sql.SQL("lock table {} in share row exclusive mode").format(name))
    if not table.whole_rows:
        cursor.execute(sql.SQL("alter table {} replica identity full").format(name))
    cursor.execute(PUBLISHED, (publication, table.oid))
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("alter publication {} add table {}").format(sql.Identifier(publication), name))


def snapshot(cursor: extensions.cursor) -> Snapshot:
    """Takes the transaction's snapshot. It must be the transaction's first statement."""
    cursor.execute("set transaction isolation level repeatable read read only")
    cursor.execute("select pg_current_snapshot()::text")
    (text,) = cursor.fetchone() or ("",)
    xmin, xmax, running = text.split(":")
    xids = [int(xid) & 0xFFFFFFFF for xid in (xmin, xmax, *filter(None, running.split(",")))]
    return Snapshot(xids[0], xids[1], xids[2:])


def rows(cursor: extensions.cursor, shape: Shape) -> Iterator[Row]:
    """Yields the rows of a shape, every value as text."""
    names = list(shape.described)
    query = sql.SQL("select {} from {} {}").format(
        sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names),
        sql.Identifier(shape.schema, shape.table),
        sql.SQL(f"where {shape.where}" if shape.where else ""),
    )
    cursor.execute(sql.SQL("declare rows no scroll cursor for {}").format(query))
    while True:
        cursor.execute(f"fetch {BATCH} from rows")
        if not (batch := cursor.fetchall()):
            return
        yield from (dict(zip(names, row, strict=True)) for row in batch)


def included(cursor: extensions.cursor, shape: Shape, candidates: Sequence[Row]) -> list[bool]:
    """Returns which rows match the shape's `where`. PostgreSQL decides, with its own types."""
    name = sql.Identifier(shape.schema, shape.table)
    cursor.execute(
        sql.SQL(
            "select ({}) is true from rows from (jsonb_populate_recordset(null::{}, {})) with ordinality "
            "order by ordinality"
        ).format(sql.SQL(shape.where or "true"), name, sql.Literal(json.dumps(candidates)))
    )
    return [taken for (taken,) in cursor]


def try_where(cursor: extensions.cursor, wanted: Definition, clause: str) -> None:
    """Raises PostgreSQL's error if it cannot evaluate the clause."""
    name = sql.Identifier(wanted.schema, wanted.table)
    cursor.execute(sql.SQL("select from {} where {} limit 0").format(name, sql.SQL(clause)))
