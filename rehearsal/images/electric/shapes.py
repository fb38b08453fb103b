"""Whole tables as shapes: read from the database where that is possible, from the storage where it is not."""

import json
import secrets
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg2 import extensions, sql

from ..shared.database import Pool

# Generated columns are left out. The real one refuses a table that has any, unless `columns` names the others.
COLUMNS = """
    select attname, typname, attnotnull, coalesce(array_position(indkey::int2[], attnum), -1)
    from pg_attribute
    join pg_type on pg_type.oid = atttypid
    left join pg_index on indrelid = attrelid and indisprimary
    where attrelid = %s and attnum > 0 and not attisdropped and attgenerated = ''
    order by attnum
"""


class UnknownTable(Exception):
    """There is no such table."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A table's rows as messages, and what a client has to know of them."""

    handle: str
    offset: str
    schema: dict[str, dict[str, object]]
    messages: list[dict[str, object]]


class Shapes:
    """The shapes of a database; every table asked for becomes part of the publication."""

    def __init__(self, pool: Pool, publication: str, storage: Path) -> None:
        self._pool, self._publication, self._storage = pool, publication, storage
        self._alone = threading.Lock()
        storage.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Forget everything: the next answers have new handles."""
        for file in self._storage.glob("*.json"):
            file.unlink(missing_ok=True)

    def stored(self, table: str) -> Shape | None:
        """The shape as last answered by whoever shares this storage."""
        try:
            return Shape(**json.loads(self._file(table).read_text()))
        except FileNotFoundError:
            return None

    def read(self, table: str) -> Shape:
        """The shape as the database has it now."""
        with self._alone, self._pool.cursor() as cursor:
            cursor.execute(
                "select c.oid, nspname, relname, relreplident from pg_class c "
                "join pg_namespace n on n.oid = relnamespace where c.oid = to_regclass(%s) and relkind in ('r', 'p')",
                (table,),
            )
            if (found := cursor.fetchone()) is None:
                raise UnknownTable(table)
            oid, schema, name, identity = found
            self._publish(cursor, oid, sql.Identifier(schema, name), identity)
            before = self.stored(table)
            shape = self._snapshot(cursor, oid, (schema, name), before.handle if before else None)
            partial = self._file(table).with_suffix(".new")
            partial.write_text(json.dumps(asdict(shape)))
            partial.rename(self._file(table))
        return shape

    def _publish(self, cursor: extensions.cursor, oid: int, name: sql.Identifier, identity: str) -> None:
        if identity != "f":
            cursor.execute(sql.SQL("alter table {} replica identity full").format(name))
        cursor.execute(
            "select 1 from pg_publication_rel r join pg_publication p on p.oid = prpubid "
            "where pubname = %s and prrelid = %s",
            (self._publication, oid),
        )
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("alter publication {} add table {}").format(sql.Identifier(self._publication), name))

    def _snapshot(self, cursor: extensions.cursor, oid: int, relation: tuple[str, str], handle: str | None) -> Shape:
        cursor.execute(COLUMNS, (oid,))
        columns = cursor.fetchall()
        names = [name for name, *_ in columns]
        key = [index for index, (*_, position) in enumerate(columns) if position >= 0] or range(len(columns))
        texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
        cursor.execute(sql.SQL("select {} from {}").format(texts, sql.Identifier(*relation)))
        prefix = ".".join(f'"{part}"' for part in relation)
        return Shape(
            handle=handle or f"{10**7 + secrets.randbelow(9 * 10**7)}-{time.time_ns() // 1000}",
            offset="0_inf",
            schema={
                name: {"type": kind, "not_null": required} | ({"pk_index": position} if position >= 0 else {})
                for name, kind, required, position in columns
            },
            messages=[
                {
                    "headers": {"operation": "insert", "relation": relation},
                    "key": "/".join([prefix, *(f'"{row[index]}"' for index in key)]),
                    "value": dict(zip(names, row, strict=True)),
                }
                for row in cursor
            ],
        )

    def _file(self, table: str) -> Path:
        return self._storage / f"{quote(table, safe='')}.json"
