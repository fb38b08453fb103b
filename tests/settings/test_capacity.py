"""Whether connections, slots and memory suffice while every service has old and new containers side by side."""

import os
from typing import Any

import pytest

from settings import parse

from .stack import FULL, REMOVED, SMALL, changed, mistakes, mistakes_of


def connections(*changes: dict[str, Any]) -> int:
    """Returns how many connections the small stack needs with these changes: the smallest accepted number."""
    together = {path: value for change in changes for path, value in change.items()}
    return next(n for n in range(20, 2000) if not mistakes({**together, "postgres/max_connections": n}))


def test_pools_over_max_connections_are_refused() -> None:
    assert mistakes({"postgres/max_connections": 114}) == [
        "postgres/max_connections: the pools of all services, old and new side by side, need 115 connections; "
        "raise it from 114 or lower pool_size"
    ]
    assert mistakes({"postgres/max_connections": 115}) == []


def test_each_database_counts_three_times_and_a_fourth_where_it_is_migrated() -> None:
    bare = connections()
    assert connections({"services/auth/database/pool_size": 20}) == bare + 3 * 10
    assert connections({"services/auth/app/migrate": ["/bin/app"]}) == bare + 10 + 5


def test_each_electric_counts_twice() -> None:
    assert connections() - connections({"services/legal/electric": REMOVED}) == 2 * (8 + 2) + 5


def slots(count: int) -> list[str]:
    block = SMALL["services"]["legal"]
    electrics = {
        f"s{n}": {**block, "domain": f"s{n}.com", "database": {"name": f"s{n}", "pool_size": 1}} for n in range(count)
    }
    return mistakes({"services": electrics, "postgres/max_connections": 2000, "postgres/max_replication_slots": 10})


def test_more_electrics_than_slots_are_refused() -> None:
    assert slots(3) == []
    assert slots(4) == ["postgres/max_replication_slots: 4 Electrics need 12; raise it from 10"]


def full(memory_mb: int, **changes: Any) -> list[str]:
    return mistakes_of(changed(FULL, {"services/legal/app/memory_mb": memory_mb, **changes}))


def needed() -> tuple[int, int]:
    shared = 512 + 2048 + 256 + 128 + 256 + 2 * 256 + 128
    return shared, 2 * (256 + 512 + 1024 + 512)


def test_memory_of_old_and_new_over_the_servers_is_refused() -> None:
    shared, others = needed()
    fits = (16 * 1024 - shared - others) // 2
    assert full(fits) == []
    assert full(fits + 1) == [
        f"host: 16384 MB of memory; the platform needs {shared} MB and its services, old and new side by side, "
        f"{others + 2 * (fits + 1)} MB; lower memory_mb or take a larger server"
    ]


def test_redis_counts_if_it_is_declared() -> None:
    shared, others = needed()
    fits = (16 * 1024 - shared - others) // 2
    without_redis = {"redis": REMOVED, "services/legal/redis": REMOVED}
    assert full(fits + 128, **without_redis) == []
    assert len(full(fits + 129, **without_redis)) == 1


def test_a_larger_server_has_room_for_more() -> None:
    assert len(full(8000)) == 1
    assert full(8000, **{"host/server_type": "cx53"}) == []


def test_a_server_of_unknown_size_is_not_checked() -> None:
    assert full(100_000, **{"host/server_type": "zz99"}) == []


@pytest.mark.parametrize(("size_mb", "count"), [(1000, 1), (8000, 0)])
def test_the_local_host_is_as_large_as_this_machine(monkeypatch: pytest.MonkeyPatch, size_mb: int, count: int) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": size_mb * 2**20 // 4096}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    lines = mistakes_of(SMALL)
    assert [line.startswith(f"host: {size_mb} MB of memory; ") for line in lines] == [True] * count


@pytest.mark.parametrize(("memory_mb", "warned"), [(383, True), (384, False)])
def test_too_little_memory_for_electric_is_a_warning(memory_mb: int, warned: bool) -> None:
    warnings = parse(changed(SMALL, {"services/legal/electric/memory_mb": memory_mb})).warnings()
    assert (
        warnings
        == [
            "services/legal/electric/memory_mb: 383 is little for Electric, which uses 210 MB before its first shape: "
            "give it 384 or more"
        ]
        * warned
    )


def test_electric_has_enough_memory_by_default() -> None:
    assert parse(changed(SMALL, {"services/legal/electric/memory_mb": REMOVED})).warnings() == []
