"""The release's migrations."""

import time

import psycopg2

from ..shared.database import connect
from ..shared.service import say

MIGRATIONS = {
    (20240101000000, "create_uk_lrt"): """
        create table uk_lrt (
            id uuid primary key default gen_random_uuid(),
            name text not null,
            title text,
            year integer,
            live boolean not null default true,
            created_at timestamptz not null default now(),
            search text generated always as (lower(name || ' ' || coalesce(title, ''))) stored
        )
    """,
    (20240102000000, "create_items"): """
        create table items (
            id bigserial primary key,
            key text not null unique,
            body text,
            inserted_at timestamptz not null default now()
        )
    """,
}
LOCK = 20240101


def migrate(url: str, fail: str, extra: str) -> int:
    """Runs the pending migrations one by one, each in its own transaction. Returns the exit code.

    `extra` is the SQL of a third migration, as a newer release would have one.
    """
    wanted = dict(MIGRATIONS)
    if extra or fail == "migrate":
        wanted[20240103000000, "extra"] = "select 1 / 0" if fail == "migrate" else extra
    connection = connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", (LOCK,))
        cursor.execute(
            "create table if not exists schema_migrations (version bigint primary key, inserted_at timestamp(0))"
        )
        cursor.execute("select version from schema_migrations")
        done = {version for (version,) in cursor.fetchall()}
        pending = {key: sql for key, sql in sorted(wanted.items()) if key[0] not in done}
        while fail == "migrate_hang":
            time.sleep(60)
        for (version, name), sql in pending.items():
            say(f"[info] == Running {version} {name} forward")
            try:
                cursor.execute("begin")
                cursor.execute(sql)
                cursor.execute("insert into schema_migrations values (%s, now())", (version,))
                cursor.execute("commit")
            except psycopg2.Error as error:
                say(f"** (Postgrex.Error) {error}".strip())
                return 1
            say(f"[info] == Migrated {version}")
    if not pending:
        say("[info] Migrations already up")
    return 0
