"""Migrations of throwaway containers on the shared cluster."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from render import environment, sql, verb
from tests.throwaway.box import Boxes, Said, on_host
from tests.throwaway.calling import PROGRAM
from tests.throwaway.cluster import as_login, ask
from tests.waiting import eventually


def login() -> str:
    return sql.login(sql.migration_prefix("migrated"), "one")


def line(boxes: Boxes, cluster: str, timeout_s: int = 60) -> str:
    container = f"{boxes.stack}-migrate"
    boxes.made.append(container)
    options: dict[str, str | int] = {"container": container, "postgres": cluster, "timeout": timeout_s}
    return verb.line("migrate", boxes.stack, "legal", "migrated", **options)


def inputs(
    boxes: Boxes,
    script: str,
    given: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    network: str = "none",
) -> dict[str, Any]:
    return {
        "image": boxes.image,
        "command": ["bash", "-c", script],
        "network": network,
        "memory_mb": 64,
        "environment": dict(given or {}),
        "login": login(),
        "secrets": list(secrets),
    }


def run(boxes: Boxes, cluster: str, inputs: dict[str, Any], timeout_s: int = 60) -> Said:
    return on_host(line(boxes, cluster, timeout_s), verb.stdin(inputs), interpreter=PROGRAM)


def migrate(boxes: Boxes, cluster: str, script: str, timeout_s: int = 60, **more: Any) -> Said:
    return run(boxes, cluster, inputs(boxes, script, **more), timeout_s)


def shown(said: Said) -> str:
    """Returns the output of the migration itself."""
    return "\n".join(row.removeprefix("    ") for row in said.out.splitlines() if row.startswith("    "))


def on_database(boxes: Boxes, cluster: str, script: str) -> dict[str, Any]:
    """Returns the stdin of a migration that reaches the cluster."""
    given = {"DATABASE_URL": environment.postgres_url(login(), "one", "migrated")}
    return inputs(boxes, script, given, network=cluster.removesuffix("-postgres"))


def migrate_database(boxes: Boxes, cluster: str, script: str, timeout_s: int = 60) -> Said:
    return run(boxes, cluster, on_database(boxes, cluster, script), timeout_s)


@contextmanager
def locked(cluster: str, database: str) -> Iterator[None]:
    """The app reads a table during the block, so a migration of it has to wait."""
    app = sql.login(database, "one")
    assert as_login(cluster, app, "one", database, "CREATE TABLE IF NOT EXISTS busy (id int)").ok
    text = "BEGIN; LOCK busy IN ACCESS SHARE MODE; SELECT pg_sleep(900)"
    reads = f"FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND usename = '{app}'"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(as_login, cluster, app, "one", database, text)
        try:
            eventually(lambda: ask(cluster, f"SELECT count(*) {reads}") == "1")
            yield
            assert ask(cluster, f"SELECT count(*) {reads}") == "1", "no migration ends the app's query"
        finally:
            ask(cluster, f"SELECT pg_terminate_backend(pid) {reads}")
