"""PostgreSQL's own settings, at the bounds that the stack file may have, on a real PostgreSQL."""

import shlex
from typing import Any

import pytest

from render import postgres
from settings.postgres import Tuning
from tests.throwaway.box import docker

pytestmark = pytest.mark.docker
BINARIES = "/usr/lib/postgresql/17/bin"
LIBRARIES = ["pg_prewarm", "pg_stat_statements"]
LEAST = {
    "work_mem": "64kB",
    "maintenance_work_mem": "1MB",
    "effective_cache_size": "8MB",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "1min",
    "wal_compression": "off",
    "random_page_cost": 1,
    "effective_io_concurrency": 0,
    "default_statistics_target": 10,
    "jit": False,
    "max_parallel_workers_per_gather": 0,
    "autovacuum_naptime": "1s",
    "autovacuum_vacuum_scale_factor": 0,
    "autovacuum_vacuum_insert_scale_factor": 0.00001,
    "autovacuum_analyze_scale_factor": 0,
    "autovacuum_vacuum_cost_limit": 100,
    "idle_in_transaction_session_timeout": "10s",
    "log_min_duration_statement": "10ms",
    "log_autovacuum_min_duration": "0ms",
    "track_io_timing": "off",
}
MOST = {
    "work_mem": "1GB",
    "maintenance_work_mem": "16GB",
    "effective_cache_size": "1024GB",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "wal_compression": "on",
    "random_page_cost": 10.0,
    "effective_io_concurrency": 1000,
    "default_statistics_target": 10_000,
    "jit": True,
    "max_parallel_workers_per_gather": 4,
    "autovacuum_naptime": "1h",
    "autovacuum_vacuum_scale_factor": 1,
    "autovacuum_vacuum_insert_scale_factor": 1,
    "autovacuum_analyze_scale_factor": 1,
    "autovacuum_vacuum_cost_limit": 10_000,
    "idle_in_transaction_session_timeout": "1h",
    "log_min_duration_statement": "1h",
    "log_autovacuum_min_duration": "24h",
    "track_io_timing": "on",
}


@pytest.mark.parametrize("values", [LEAST, MOST], ids=["least", "most"])
def test_postgresql_starts_with_each_setting_at_its_bound_and_with_every_library(
    cluster: str, values: dict[str, Any]
) -> None:
    chosen = Tuning.model_validate(values).chosen()
    assert chosen.keys() == Tuning.model_fields.keys()
    arguments = shlex.join(postgres.arguments(256, 40, 10, preload=LIBRARIES, chosen=chosen)[1:])
    names = ", ".join(f"'{name}'" for name in chosen)
    text = f"SELECT count(*) FROM pg_settings WHERE source = 'command line' AND name IN ({names});"
    text += "CREATE EXTENSION pg_stat_statements; SELECT count(*) > 0 FROM pg_stat_statements"
    script = f"""
    set -e
    folder=$(mktemp -d) && cd "$folder"
    trap '{BINARIES}/pg_ctl stop -D "$folder/data" -m immediate >/dev/null; rm -rf "$folder"' EXIT
    {BINARIES}/initdb -D data -N >/dev/null
    {BINARIES}/pg_ctl start -w -D data -l log -o "-p 5499 -k $folder {arguments}" >/dev/null || {{ cat log; exit 1; }}
    {BINARIES}/psql -XqtA -v ON_ERROR_STOP=1 -h "$folder" -p 5499 -c "{text}" postgres
    """
    said = docker("exec", "-i", "-u", "postgres", cluster, "sh", stdin=script)
    assert (said.out.split(), said.ok) == ([str(len(chosen)), "t"], True), said.out + said.error
