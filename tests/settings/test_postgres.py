"""PostgreSQL's own settings, its libraries and extensions, and the logins of programs next to the platform."""

from typing import Any

import pytest

from settings import parse
from settings.postgres import Tuning

from .stack import FULL, SECRETS, SMALL, changed, mistakes, mistakes_of

AT = "postgres/settings"


def test_nothing_is_chosen_by_default() -> None:
    assert parse(SMALL).postgres.settings.chosen() == {}


def test_a_switch_is_on_or_off_however_yaml_is_read() -> None:
    """YAML 1.1 reads `off` as false. The Pulumi CLI reads it as text."""
    for on, off in ((True, False), ("on", "off")):
        chosen = parse(changed(SMALL, {AT: {"jit": off, "track_io_timing": on}})).postgres.settings.chosen()
        assert chosen == {"jit": "off", "track_io_timing": "on"}
    assert mistakes({f"{AT}/jit": "never"}) == [f"{AT}/jit: must be a valid boolean"]


@pytest.mark.parametrize("name", ["shared_buffers", "wal_level", "max_connections", "fsync", "ssl", "work_memory"])
def test_a_setting_of_no_list_is_refused_with_the_list(name: str) -> None:
    assert mistakes({f"{AT}/{name}": "on"}) == [
        f"{AT}/{name}: cannot be set here; these can: {', '.join(Tuning.model_fields)}"
    ]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("work_mem", "32", "must be a size such as 32MB"),
        ("work_mem", 32, "must be text; put it in quotes"),
        ("work_mem", "32 MB", "must be a size such as 32MB"),
        ("work_mem", "32kB", "must be from 64kB to 1GB"),
        ("max_wal_size", "17GB", "must be from 512MB to 16GB"),
        ("checkpoint_timeout", "5MB", "must be a time such as 10min"),
        ("idle_in_transaction_session_timeout", "0s", "must be from 10s to 1h"),
        ("log_min_duration_statement", "0ms", "must be from 10ms to 1h"),
        ("random_page_cost", 0.5, "must be greater than or equal to 1"),
        ("random_page_cost", "1.1", "must be a valid number"),
        ("max_parallel_workers_per_gather", 5, "must be less than or equal to 4"),
        ("effective_io_concurrency", 2.5, "must be a valid integer"),
        ("autovacuum_vacuum_scale_factor", 2, "must be less than or equal to 1"),
    ],
)
def test_a_value_that_postgresql_would_refuse_or_that_harms_is_refused(name: str, value: Any, words: str) -> None:
    assert mistakes({f"{AT}/{name}": value}) == [f"{AT}/{name}: {words}"]


@pytest.mark.parametrize(("name", "part", "most"), [("work_mem", 64, "4096kB"), ("maintenance_work_mem", 8, "32768kB")])
def test_memory_of_a_query_is_a_small_part_of_the_servers(name: str, part: int, most: str) -> None:
    assert mistakes({"postgres/memory_mb": 256, f"{AT}/{name}": most}) == []
    assert mistakes({"postgres/memory_mb": 256, f"{AT}/{name}": "1GB"}) == [
        f"{AT}/{name}: 1GB is more than 1/{part} of postgres/memory_mb; set {most} or less, or raise memory_mb from 256"
    ]


def test_a_library_that_the_image_may_lack_is_refused_since_postgresql_would_not_start() -> None:
    assert mistakes({"postgres/preload": ["pg_stat_statments"]}) == [
        "postgres/preload/0: must be 'pg_prewarm' or 'pg_stat_statements'"
    ]


def test_connections_of_other_programs_count() -> None:
    assert mistakes({"postgres/max_connections": 155, "postgres/reserved_connections": 40}) == []
    assert mistakes({"postgres/max_connections": 154, "postgres/reserved_connections": 40}) == [
        "postgres/max_connections: the pools of all services, old and new side by side, and reserved_connections "
        "need 155 connections; raise it from 154 or lower pool_size"
    ]


@pytest.mark.parametrize(("preload", "warned"), [([], True), (["pg_stat_statements"], False)])
def test_an_extension_without_its_library_is_a_warning(preload: list[str], warned: bool) -> None:
    extensions = {"services/auth/database/extensions": ["pg_stat_statements"], "postgres/preload": preload}
    warning = (
        "services/auth/database/extensions: pg_stat_statements fails when it is queried, since PostgreSQL does not "
        "load its library: add it to postgres/preload, which restarts PostgreSQL"
    )
    assert parse(changed(FULL, extensions), SECRETS).warnings() == [warning] * warned


def test_the_full_stack_chooses_every_setting() -> None:
    assert mistakes_of(FULL) == []
    assert parse(FULL, SECRETS).postgres.settings.chosen().keys() == Tuning.model_fields.keys()
